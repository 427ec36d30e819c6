import { type JWTPayload, errors, jwtVerify } from 'jose';
import { Fault } from '../../domain/faults.ts';
import { type Role, highestRole } from '../../domain/roles.ts';
import type { Caller, Callers } from '../../ports/callers.ts';
import type { Clock } from '../../ports/clock.ts';
import { DEFAULT_ISSUER_LIMITS, type IssuerLimits, unknowable } from './asking.ts';
import { openIssuer } from './issuer.ts';

/** Whose JWTs are taken, and what their claims mean here. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  /** A claim's name, or the path to it (`realm_access.roles`). */
  readonly rolesClaim: string;
  /** Values of that claim, and what they are here. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Asymmetric ones only: with a shared secret the issuer's public keys would sign. */
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
}

/** Three parts: everything else is none of an issuer's tokens, and is not looked at. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Who stands behind a JWT of an OpenID Connect issuer. It is believed only with a signature by a key that the issuer publishes now. */
export function oidcCallers(input: {
  readonly settings: OidcSettings;
  readonly clock: Clock;
  readonly troubled: (why: string | undefined) => void;
  readonly limits?: Partial<IssuerLimits>;
}): Pick<Callers, 'of'> {
  const { settings, clock, troubled } = input;
  const { issuer, audience, rolesClaim, roles, algorithms, clockToleranceSeconds } = settings;
  const its = openIssuer({ issuer, limits: { ...DEFAULT_ISSUER_LIMITS, ...input.limits }, clock, troubled });
  // So that an issuer that is away is known before the first token comes.
  its.keys().catch(() => {});

  return {
    async of(token) {
      if (!JWT.test(token)) return undefined;
      const keys = await its.keys();
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: [...algorithms],
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp', 'sub'],
        });
        return callerOf(payload, rolesClaim, roles);
      } catch (error) {
        if (error instanceof Fault) throw error;
        if (isVerdict(error)) return undefined;
        throw unknowable('the keys of the issuer cannot be used');
      }
    },
  };
}

/** What jose says of a token, as against what it says of the issuer's keys. */
const isVerdict = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  error.code !== errors.JOSEError.code &&
  !(error instanceof errors.JWKSInvalid) &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKInvalid);

function callerOf(payload: JWTPayload, claim: string, roles: OidcSettings['roles']): Caller {
  const role = highestRole(valuesOf(payload, claim).flatMap((value) => (Object.hasOwn(roles, value) ? (roles[value] ?? []) : [])));
  const name = `oidc:${payload.sub ?? ''}`.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 100);
  return { name, ...(role !== undefined && { role }) };
}

/** The texts of a claim: of one that is called so, or of the one at the end of the path. */
function valuesOf(payload: JWTPayload, claim: string): readonly string[] {
  const own = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  const found = own(payload, claim) ?? claim.split('.').reduce<unknown>(own, payload);
  return (Array.isArray(found) ? found : [found]).filter((value): value is string => typeof value === 'string');
}
