import { type JWTVerifyGetKey, createRemoteJWKSet, customFetch } from 'jose';
import { z } from 'zod';
import { Fault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import { type IssuerLimits, boundedGet, isIssuerUrl, unknowable } from './asking.ts';

/** OpenID Connect Discovery 1.0, section 3: the two members that we need. */
const Discovered = z.object({ issuer: z.string(), jwks_uri: z.string().refine(isIssuerUrl) });

/** An issuer's keys, as it has them now. */
export interface Issuer {
  /** The keys that it signs with; CALLERS_UNKNOWABLE while they cannot be had. */
  keys(): Promise<JWTVerifyGetKey>;
}

/** Finds an issuer's keys by its discovery document, and finds them again when they are old. */
export function openIssuer(input: {
  readonly issuer: string;
  readonly limits: IssuerLimits;
  readonly clock: Clock;
  /** Told when it cannot be asked, and with `undefined` when it answers again. */
  readonly troubled: (why: string | undefined) => void;
}): Issuer {
  const { issuer, limits, clock, troubled } = input;
  let failed: { readonly at: number; readonly fault: Fault } | undefined;
  let found: { readonly at: number; readonly uri: string; readonly keys: JWTVerifyGetKey } | undefined;
  let asking: Promise<JWTVerifyGetKey> | undefined;

  const get = async (url: string): Promise<string> => {
    if (failed && clock.now() - failed.at < limits.pauseMs) throw failed.fault;
    try {
      const text = await boundedGet(url, limits);
      if (failed) troubled(undefined);
      failed = undefined;
      return text;
    } catch (error) {
      if (error instanceof Fault) note(error);
      throw error;
    }
  };
  const note = (fault: Fault): void => {
    failed = { at: clock.now(), fault };
    troubled(fault.message);
  };
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const read = Discovered.safeParse(parsed(await get(url)));
    if (!read.success || read.data.issuer !== issuer) {
      const fault = unknowable(read.success ? `${url} is of another issuer` : `${url} is no description of an issuer`);
      note(fault);
      throw fault;
    }
    const uri = read.data.jwks_uri;
    const keys = found?.uri === uri ? found.keys : keysAt(uri);
    found = { at: clock.now(), uri, keys };
    return keys;
  };
  const keysAt = (uri: string): JWTVerifyGetKey => {
    const remote = createRemoteJWKSet(new URL(uri), {
      cacheMaxAge: limits.keepMs,
      cooldownDuration: limits.pauseMs,
      // `get` has a time limit of its own.
      timeoutDuration: limits.answerMs * 2,
      [customFetch]: async () => new Response(await get(uri)),
    });
    return async (header, token) => await remote(header, token);
  };

  return {
    async keys() {
      if (found && clock.now() - found.at < limits.keepMs) return found.keys;
      asking ??= discover().finally(() => (asking = undefined));
      return await asking;
    },
  };
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
