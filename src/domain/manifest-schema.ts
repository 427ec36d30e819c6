import { z } from 'zod';

/** A manifest of a blueprint: each instance has a namespace of its own, so it names none. */
export const blueprintManifest = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z
    .looseObject({ name: z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'must be a lower-case Kubernetes name') })
    .refine((metadata) => !('namespace' in metadata), { path: ['namespace'], error: 'must not be there: each instance has its own' }),
});
