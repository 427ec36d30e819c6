import path from 'node:path';
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

// CommonJS: Node finds no named exports in it.
const wire = proto.temporal.api.common.v1.Payload;

const CIPHER = 'aes-256-gcm';
/** As Temporal's own samples name it, so that other tools know what they cannot read. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'rearguard-key';
/** NIST SP 800-38D: 96 bits of chance, 128 of tag. */
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

interface Key {
  readonly id: string;
  readonly secret: Buffer;
}
const keyOf = (base64: string): Key => {
  const secret = Buffer.from(base64, 'base64');
  return { id: createHash('sha256').update(secret).digest('hex').slice(0, 12), secret };
};

/**
 * Encrypts every payload that goes to Temporal with the first key, and reads what any of the keys wrote. What is in clear passes: a plain Temporal client, which has
 * no key, may start an intent. Keys are 32 bytes in base64.
 */
export function payloadCodec(keys: readonly string[]): PayloadCodec {
  const known = keys.map(keyOf);
  const [writing] = known;
  return {
    async encode(payloads) {
      if (!writing) return payloads;
      return payloads.map((payload) => {
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv(CIPHER, writing.secret, nonce);
        const sealed = Buffer.concat([cipher.update(wire.encode(payload).finish()), cipher.final()]);
        return {
          metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(writing.id) },
          data: Buffer.concat([nonce, cipher.getAuthTag(), sealed]),
        };
      });
    },
    decode: async (payloads) => payloads.map((payload) => opened(payload, known)),
  };
}

function opened(payload: Payload, keys: readonly Key[]): Payload {
  const text = (name: string): string => Buffer.from(payload.metadata?.[name] ?? []).toString();
  if (text('encoding') !== ENCODING) return payload;
  const key = keys.find(({ id }) => id === text(KEY_ID));
  if (!key) throw new Error(`a payload is encrypted with key ${text(KEY_ID) || 'unknown'}, which temporal.payloadKeys does not have`);
  const data = Buffer.from(payload.data ?? []);
  const decipher = createDecipheriv(CIPHER, key.secret, data.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return wire.decode(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]));
}

/** What client and workers convert with; nothing of its own when there is no key. Failures are sealed too: their messages quote what somebody wrote. */
export const dataConverter = (keys: readonly string[]): DataConverter =>
  keys.length > 0
    ? { payloadCodecs: [payloadCodec(keys)], failureConverterPath: path.join(import.meta.dirname, 'failure-converter.cjs') }
    : {};

/** The workflow bundle to run with these keys: how workflows write failures is a part of the bundle, so that there is a sealed one beside the plain one. */
export const bundleFor = (bundle: string, keys: readonly string[]): string =>
  keys.length > 0 ? bundle.replace(/\.js$/, '.sealed.js') : bundle;
