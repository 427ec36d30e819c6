import { type KeyObject, createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import type { Did, PublicJwk, PublishedKey } from '../../domain/did.ts';
import { Fault } from '../../domain/faults.ts';

/** How long a new key is shown before it signs, ms: twice the minute within which each process of the node has read it, so that peers find it whichever they ask. */
const SHOWN_FIRST_MS = 120_000;
const MOST = 100;

const Half = z.string().regex(/^[\w-]{43}$/);
const StoredKey = z.strictObject({
  x: Half,
  /** The private half; gone from a key that no longer signs. */
  d: Half.optional(),
  createdAt: z.iso.datetime(),
  /** `createdAt` when absent. */
  signsFrom: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
});
export type StoredKey = z.infer<typeof StoredKey>;
/** The newest is first. */
const Stored = z.strictObject({ version: z.literal(1), keys: z.array(StoredKey).min(1).max(MOST) });

/** A node's keys as one process of it knows them. */
export interface Ring {
  /** The one that signs at that moment. */
  signing(now: number): { readonly kid: string; readonly key: KeyObject };
  /** Those whose signatures count then, the one that signs first. */
  shown(now: number): readonly PublishedKey[];
}

const jwkOf = (x: string): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x });
const startOf = ({ signsFrom, createdAt }: StoredKey): number => Date.parse(signsFrom ?? createdAt);
const instant = (at: number): string => new Date(at).toISOString();

/** RFC 7638: the members in the order of their names. */
const thumbprint = ({ crv, kty, x }: PublicJwk): string => createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');

/** A key that signs from now on. */
export function freshKey(now: number): StoredKey {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new Error('an Ed25519 key without its halves');
  return { x, d, createdAt: instant(now) };
}

/** The last that began; while none did, since clocks differ, the one that is next. */
function current<K extends StoredKey>(keys: readonly K[], now: number): K | undefined {
  const able = keys.filter(({ d }) => d !== undefined);
  const begun = able.filter((key) => startOf(key) <= now);
  const [last] = begun.toSorted((a, b) => startOf(b) - startOf(a));
  return last ?? able.toSorted((a, b) => startOf(a) - startOf(b))[0];
}

/** Without the keys that count no more, and without the private halves of those that will not sign again. */
export function tidied(keys: readonly StoredKey[], now: number): readonly StoredKey[] {
  const signs = current(keys, now);
  return keys
    .filter((key) => key === signs || key.until === undefined || Date.parse(key.until) > now)
    .map((key) => {
      if (key === signs || key.d === undefined || startOf(key) > now) return key;
      const { d: _, ...rest } = key;
      return rest;
    });
}

/** With a new key in front, which is shown first and signs later; or with it alone, which signs at once, where nothing of the others may count any more, those of earlier rotations among them. */
export function rotated(keys: readonly StoredKey[], { now, overlapMs }: { readonly now: number; readonly overlapMs: number }) {
  if (overlapMs === 0) return [freshKey(now)];
  const from = now + SHOWN_FIRST_MS;
  const made: StoredKey = { ...freshKey(now), signsFrom: instant(from) };
  const followed = tidied(keys, now).map((key) =>
    // Whatever signed until now, or was about to; of those that were followed before it stands already.
    key.d === undefined && key.until !== undefined
      ? key
      : { ...key, until: instant(Math.min(key.until === undefined ? Infinity : Date.parse(key.until), from + overlapMs)) },
  );
  const living = followed.filter(({ until }) => Date.parse(until ?? '') > now);
  return [made, ...living].slice(0, MOST);
}

export function ringOf(did: Did, stored: readonly StoredKey[]): Ring {
  const keys = stored.map((key) => ({
    ...key,
    kid: `${did}#${thumbprint(jwkOf(key.x))}`,
    key: key.d === undefined ? undefined : createPrivateKey({ format: 'jwk', key: { ...jwkOf(key.x), d: key.d } }),
  }));
  const signing: Ring['signing'] = (now) => {
    const { kid, key } = current(keys, now) ?? {};
    if (kid === undefined || key === undefined) throw unreadable();
    return { kid, key };
  };
  return {
    signing,
    shown(now) {
      const { kid: signs } = signing(now);
      return keys
        .filter(({ kid, until }) => kid === signs || until === undefined || Date.parse(until) > now)
        .toSorted((a, b) => Number(b.kid === signs) - Number(a.kid === signs))
        .map(({ kid, x, createdAt, signsFrom, until }) => ({
          kid,
          jwk: jwkOf(x),
          createdAt,
          ...(signsFrom !== undefined && kid !== signs && Date.parse(signsFrom) > now && { signsFrom }),
          ...(until !== undefined && { until }),
        }));
    },
  };
}

export const writeKeys = (keys: readonly StoredKey[]): string => JSON.stringify({ version: 1, keys });

/** Fault: KEYS_UNAVAILABLE. */
export function readKeys(text: string): readonly StoredKey[] {
  const keys = parsed(text);
  if (keys.every(({ d }) => d === undefined)) throw unreadable();
  return keys;
}

function parsed(text: string): readonly StoredKey[] {
  try {
    return Stored.parse(JSON.parse(text)).keys;
  } catch {
    // What is wrong stays unsaid: it is about secrets.
    throw unreadable();
  }
}

const unreadable = (): Fault =>
  new Fault(
    'KEYS_UNAVAILABLE',
    'what lies where the keys of this node should be is none of ours: restore it, or take it away and restart for new keys',
  );
