import { type KeyObject, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import type { Did, PublicJwk, PublishedKey } from '../../domain/did.ts';
import { Fault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyStore, Signer } from '../../ports/signer.ts';

/** How long what was read counts, ms: another process of the node may rotate, and the old key's signatures count for longer than this. */
const KEPT_MS = 60_000;
/** Writers that collide read again; more than two at a time do not happen in earnest. */
const TRIES = 5;

const Half = z.string().regex(/^[\w-]{43}$/);
const StoredKey = z.strictObject({
  x: Half,
  /** The private half; gone from a key that no longer signs. */
  d: Half.optional(),
  createdAt: z.iso.datetime(),
  until: z.iso.datetime().optional(),
});
type StoredKey = z.infer<typeof StoredKey>;
/** The one that signs is first. */
const Stored = z.strictObject({ version: z.literal(1), keys: z.array(StoredKey).min(1).max(100) });

interface Ring {
  readonly keys: readonly StoredKey[];
  readonly key: KeyObject;
  readonly published: readonly PublishedKey[];
  readonly version: string;
  readonly readAt: number;
}

const jwkOf = (x: string): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x });

function fresh(now: number): StoredKey {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new Error('an Ed25519 key without its halves');
  return { x, d, createdAt: new Date(now).toISOString() };
}

/** A node's keys: made at the first use, kept in a store that all its processes share. */
export function keyring(input: { readonly did: Did; readonly store: KeyStore; readonly clock: Clock }): Signer {
  const { did, store, clock } = input;
  let kept: Promise<Ring> | undefined;
  let known: Ring | undefined;

  const ringOf = async ({ text, version }: { readonly text: string; readonly version: string }): Promise<Ring> => {
    const { keys } = parsed(text);
    const [present] = keys;
    if (present?.d === undefined) throw unreadable();
    const published = await Promise.all(
      keys.map(async ({ x, createdAt, until }) => ({
        kid: `${did}#${await calculateJwkThumbprint({ ...jwkOf(x) })}`,
        jwk: jwkOf(x),
        createdAt,
        ...(until !== undefined && { until }),
      })),
    );
    const key = createPrivateKey({ format: 'jwk', key: { ...jwkOf(present.x), d: present.d } });
    return { keys, key, published, version, readAt: clock.now() };
  };
  const read = async (): Promise<Ring> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const stored = await store.read();
      if (stored) return await ringOf(stored);
      await store.write(JSON.stringify({ version: 1, keys: [fresh(clock.now())] }), undefined);
    }
    throw new Fault('KEYS_UNAVAILABLE', 'the keys of this node cannot be made: others write where they lie');
  };
  const present = async (): Promise<Ring> => {
    if (known && clock.now() - known.readAt < KEPT_MS) return known;
    kept ??= read().finally(() => {
      kept = undefined;
    });
    try {
      known = await kept;
    } catch (error) {
      // Where they lie may be away for a while: the ones we know go on signing.
      if (!known) throw error;
    }
    return known;
  };

  return {
    did,
    async sign(bytes) {
      const { key, published } = await present();
      return { kid: published[0]?.kid ?? '', signature: sign(null, bytes, key) };
    },
    async published() {
      const { published } = await present();
      const now = clock.now();
      return published.filter(({ until }) => until === undefined || Date.parse(until) > now);
    },
    async rotate({ overlapMs }) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const { keys, version } = await read();
        const now = clock.now();
        const retired = keys.map(({ x, createdAt, until }) => ({
          x,
          createdAt,
          until: until ?? new Date(now + overlapMs).toISOString(),
        }));
        const living = retired.filter(({ until }) => Date.parse(until) > now);
        if (!(await store.write(JSON.stringify({ version: 1, keys: [fresh(now), ...living] }), version))) continue;
        known = await read();
        const [made] = known.published;
        if (made) return made;
      }
      throw new Fault('KEYS_UNAVAILABLE', 'the keys of this node could not be rotated: others write where they lie');
    },
  };
}

function parsed(text: string): z.infer<typeof Stored> {
  try {
    return Stored.parse(JSON.parse(text));
  } catch {
    // What is wrong stays unsaid: it is about secrets.
    throw unreadable();
  }
}

const unreadable = (): Fault =>
  new Fault(
    'KEYS_UNAVAILABLE',
    'what lies where the keys of this node should be is none of ours: restore it, or take it away for new keys',
  );
