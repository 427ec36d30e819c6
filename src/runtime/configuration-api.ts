import { z } from 'zod';
import { isIssuerUrl } from '../adapters/oidc/asking.ts';
import { ROLES } from '../domain/roles.ts';
import { isLoopback } from '../http/rear/callback.ts';
import { listen, serverTls } from './configuration-fields.ts';

/** A token that somebody may use: never the token itself, which nobody can lose here. */
const ApiToken = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.@]{0,62})$/, 'must be 1 to 63 letters, digits and -_.@')
    .describe('Who uses it, as the log names them.'),
  role: z.enum(ROLES).describe('`viewer` reads; `operator` starts and ends; `admin` changes whom the node trusts.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of a token, 64 lower-case hex digits, as `rearguard token create` prints it')
    .describe('Of the token.'),
});
export type ApiToken = z.output<typeof ApiToken>;

/** A list of tokens, in the configuration or in a file of its own. */
export const ApiTokens = z
  .array(ApiToken)
  .max(1_000)
  .check((context) => {
    for (const key of ['name', 'sha256'] as const) {
      const first = new Map<string, number>();
      for (const [index, token] of context.value.entries()) {
        const before = first.get(token[key]);
        if (before === undefined) first.set(token[key], index);
        else context.issues.push({ code: 'custom', input: token.name, path: [index, key], message: `is that of [${before}] too` });
      }
    }
  });

/** Only such that an issuer's public key cannot sign with. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

const oidc = z.strictObject({
  issuer: z
    .string()
    .max(1_000)
    .refine(isIssuerUrl, 'must be an https:// URL without query (http:// on loopback only)')
    .describe('As its tokens name it (`iss`).'),
  audience: z.string().min(1).max(1_000).describe('What its tokens for this API name (`aud`).'),
  rolesClaim: z
    .string()
    .min(1)
    .max(200)
    .default('roles')
    .describe('The claim, or the path to it, that tells what somebody is: `realm_access.roles`.'),
  roles: z
    .record(z.string(), z.enum(ROLES))
    .default({ viewer: 'viewer', operator: 'operator', admin: 'admin' })
    .describe('Values of that claim, and what they are here.'),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
    .describe('That its tokens may be signed with.'),
  clockToleranceSeconds: z.number().min(0).max(300).default(30).describe('How far its clock may be off ours.'),
});

/** The management API's section. */
export const api = z
  .strictObject({
    listen: listen
      .default('127.0.0.1:3005')
      .describe(
        'Where the management API binds. Beyond loopback only when credentials are configured (`api.tokens`, `api.tokensFile`, `api.oidc`).',
      ),
    tokens: ApiTokens.default([]).describe(
      'Who may use it: `{name, role, sha256}`, as `rearguard token create` prints them. As soon as one is configured, nobody is let in without.',
    ),
    tokensFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A YAML or JSON file with more of them, which only its owner may write and no stranger read (0600). Read again when it changes.',
      ),
    oidc: oidc
      .optional()
      .describe(
        'An OpenID Connect issuer whose JWTs are taken as well: `{issuer, audience, rolesClaim (roles), roles, algorithms, clockToleranceSeconds (30)}`; `roles` says which role whoever has what in that claim has (`{viewer: viewer, operator: operator, admin: admin}`).',
      ),
    tls: serverTls
      .optional()
      .describe(
        'Serves TLS there: `{certFile, keyFile, clientCaFile}`. With `clientCaFile` a certificate of those authorities is asked for, beside the token. Read again when the files change.',
      ),
    bodyLimitBytes: z.number().int().min(1_024).max(16_777_216).default(1_048_576).describe('The largest document that is read.'),
    maxConnections: z.number().int().min(1).max(1_000_000).default(500).describe('Connections at a time; more are closed at once.'),
  })
  .check((context) => {
    if (asksForCredentials(context.value) || isLoopback(context.value.listen)) return;
    const message =
      'is beyond loopback, and nobody is asked who they are: configure api.tokens, api.tokensFile or api.oidc (rearguard token create makes one), or bind to 127.0.0.1';
    context.issues.push({ code: 'custom', input: context.value.listen, path: ['listen'], message });
  });

/** Whether anybody is asked for a token. An empty `tokensFile` lets nobody in: it is meant to be filled. */
export const asksForCredentials = ({ tokens, tokensFile, oidc }: Pick<z.output<typeof api>, 'tokens' | 'tokensFile' | 'oidc'>): boolean =>
  tokens.length > 0 || tokensFile !== undefined || oidc !== undefined;
