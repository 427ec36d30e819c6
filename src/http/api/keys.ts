import { z } from 'zod';
import { parseDuration } from '../../domain/duration.ts';
import { type Route, bodyOf, ok, route } from './route.ts';
import { listOf } from './lists.ts';
import { PublishedKey } from './schemas.ts';

/** A week: whoever kept an old key's document reads it again long before. */
const OVERLAP = '7d';

const Rotation = z.strictObject({
  overlap: z
    .string()
    .max(64)
    .refine((text) => parseDuration(text) !== undefined, 'must be a duration such as 90s, 12h or 7d')
    .default(OVERLAP)
    .describe(
      'For how long signatures of the key that signed so far still count after that. `0s` when it was stolen: then the new one signs at once.',
    ),
});

/** The keys with which this node signs. */
export const keyRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/keys',
    operationId: 'listKeys',
    role: 'viewer',
    summary: 'The keys whose signatures count, the one that signs first',
    tag: 'keys',
    answers: { 200: { description: 'Public keys.', schema: listOf(PublishedKey) } },
    handle: async (_, { signer }) => ok({ items: await signer.published() }),
  }),
  route({
    method: 'post',
    path: '/keys/rotate',
    operationId: 'rotateKey',
    role: 'admin',
    summary: 'Makes a new key, which signs once every process of the node shows it, in two minutes',
    tag: 'keys',
    body: { schema: Rotation, required: false },
    answers: { 200: { description: 'The new key.', schema: PublishedKey } },
    problems: [413, 415],
    handle: async ({ body, tell }, { signer }) => {
      const { overlap } = await bodyOf(Rotation, body);
      tell({ overlap });
      const made = await signer.rotate({ overlapMs: parseDuration(overlap) ?? 0 });
      tell({ kid: made.kid });
      return ok(made);
    },
  }),
];
