import type { Callers } from '../ports/callers.ts';
import { openApiTokens } from './api-tokens.ts';
import { asksForCredentials } from './configuration-api.ts';
import type { Parts } from './parts.ts';

/** Who may use the management API, as configured. CONFIGURATION_INVALID when the file of tokens cannot be used. */
export async function openCallers({
  configuration: { api },
  log,
  readiness,
  signal,
}: Pick<Parts, 'configuration' | 'log' | 'readiness' | 'signal'>): Promise<Callers> {
  if (!asksForCredentials(api)) return { open: true, of: async () => undefined };
  const tokens = await openApiTokens({
    tokens: api.tokens,
    ...(api.tokensFile !== undefined && { file: api.tokensFile }),
    log,
    signal,
    troubled: (why) => readiness.say('api tokens', why ?? 'as the file has them'),
  });
  return { open: false, of: async (token) => tokens.of(token) };
}
