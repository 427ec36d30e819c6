import { oidcCallers } from '../adapters/oidc/callers.ts';
import type { Callers } from '../ports/callers.ts';
import { openApiTokens } from './api-tokens.ts';
import { asksForCredentials } from './configuration-api.ts';
import type { Parts } from './parts.ts';

/** Who may use the management API, as configured. CONFIGURATION_INVALID when the file of tokens cannot be used. */
export async function openCallers({
  configuration: { api },
  log,
  readiness,
  clock,
  signal,
}: Pick<Parts, 'configuration' | 'log' | 'clock' | 'signal'> & { readonly readiness: Pick<Parts['readiness'], 'say'> }): Promise<Callers> {
  if (!asksForCredentials(api)) return { open: true, of: async () => undefined };
  const tokens = await openApiTokens({
    tokens: api.tokens,
    ...(api.tokensFile !== undefined && { file: api.tokensFile }),
    log,
    signal,
    troubled: (why) => readiness.say('api tokens', why ?? 'as the file has them'),
  });
  const { oidc } = api;
  const issued =
    oidc &&
    oidcCallers({
      settings: oidc,
      clock,
      troubled(why) {
        readiness.say('api oidc', why ?? 'the issuer answers');
        if (why === undefined) log.info({ issuer: oidc.issuer }, 'the issuer answers again');
        else log.warn({ issuer: oidc.issuer, why }, 'the issuer cannot be asked: none of its tokens opens anything');
      },
    });
  return { open: false, of: async (token) => tokens.of(token) ?? (await issued?.of(token)) };
}
