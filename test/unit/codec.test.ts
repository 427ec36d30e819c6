import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import {
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { expect, test } from 'vitest';
import { dataConverter, payloadCodec } from '../../src/adapters/temporal/codec.ts';

const [OLD, NEW] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
const secret = { data: { password: 'hunter2 grüßt' } };
const clear = defaultPayloadConverter.toPayload(secret);
const read = (payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0] | undefined): unknown =>
  payload && defaultPayloadConverter.fromPayload(payload);

test('what is written cannot be read without the key, and is the same with it', async () => {
  const codec = payloadCodec([NEW]);
  const [first, second] = await codec.encode([clear, clear]);
  expect(Buffer.from(first?.data ?? []).includes('hunter2')).toBe(false);
  expect(Buffer.from(first?.data ?? []).equals(Buffer.from(second?.data ?? []))).toBe(false);
  expect((await codec.decode([first ?? {}, second ?? {}])).map(read)).toEqual([secret, secret]);
});

test('a new first key writes, and what the old one wrote can still be read', async () => {
  const [written] = await payloadCodec([OLD]).encode([clear]);
  const rotated = payloadCodec([NEW, OLD]);
  expect(read((await rotated.decode([written ?? {}]))[0])).toEqual(secret);
  const [anew] = await rotated.encode([clear]);
  await expect(payloadCodec([OLD]).decode([anew ?? {}])).rejects.toThrow(/temporal\.payloadKeys does not have/);
});

test('what a client without a key sent passes', async () => {
  expect(read((await payloadCodec([NEW]).decode([clear]))[0])).toEqual(secret);
  expect(await payloadCodec([]).encode([clear])).toEqual([clear]);
});

test('a changed payload is refused', async () => {
  const codec = payloadCodec([NEW]);
  const [written] = await codec.encode([clear]);
  const data = Buffer.from(written?.data ?? []);
  data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
  await expect(codec.decode([{ ...written, data }])).rejects.toThrow();
});

test('with a key the words of a failure and of its causes cannot be read without it, and are the same with it', async () => {
  const sealing = loadDataConverter(dataConverter([NEW]));
  const cause = ApplicationFailure.create({ type: 'INTENT_INVALID', message: 'not "hunter2"', details: [secret] });
  const failure = await encodeErrorToFailure(sealing, ApplicationFailure.create({ message: 'a hunter2 more', cause }));
  const found: string[] = [];
  JSON.stringify(failure, (_, value: unknown) => {
    if (typeof value === 'string' || value instanceof Uint8Array) found.push(Buffer.from(value as string).toString());
    return value;
  });
  expect(found.join('\n')).not.toContain('hunter2');
  expect(found).toContain('INTENT_INVALID');
  const read = await decodeOptionalFailureToOptionalError(sealing, failure);
  expect(read).toMatchObject({ message: 'a hunter2 more', cause: { type: 'INTENT_INVALID', message: 'not "hunter2"', details: [secret] } });
});

test('without a key failures stay in clear, for the Temporal UI', async () => {
  const failure = await encodeErrorToFailure(loadDataConverter(dataConverter([])), new Error('in words'));
  expect(failure.message).toBe('in words');
});
