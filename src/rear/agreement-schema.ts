/** How signatures under a contract travel. */
import { z } from 'zod';

const Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().regex(/^[\w-]{43}$/) });
const base64 = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[\w-]+$/);
export const SignatureSchema = z.object({ protected: base64(1_000), header: z.object({ jwk: Jwk }), signature: base64(86) });
/** As it travels; others' unprotected headers are dropped. */
export const AgreementSchema = z.object({ payload: base64(262_144), signatures: z.array(SignatureSchema).min(1).max(2) });
