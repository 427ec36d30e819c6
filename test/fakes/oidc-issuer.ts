/** An OpenID Connect issuer on loopback: a real HTTP server with real keys, which tests make worse. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose';

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export type OidcIssuer = Awaited<ReturnType<typeof oidcIssuer>>;
type Answer = (response: http.ServerResponse) => void;

export async function issuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

const json =
  (value: unknown): Answer =>
  (response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };

export async function oidcIssuer(published: readonly IssuerKey[]) {
  let asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers[request.url ?? ''];
    if (answer) return answer(response);
    response.statusCode = 404;
    return response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/realm`;
  const discovery = '/realm/.well-known/openid-configuration';
  const publish = (keys: readonly IssuerKey[]): Answer => json({ keys: keys.map(({ publicJwk }) => publicJwk) });
  /** What is answered where; tests replace it. */
  const answers: Record<string, Answer> = {
    [discovery]: json({ issuer: url, jwks_uri: `${url}/keys` }),
    '/realm/keys': publish(published),
  };
  return {
    url,
    answers,
    discovery,
    json,
    /** The paths that were asked for since the last look. */
    asked(): readonly string[] {
      const since = asked;
      asked = [];
      return since;
    },
    publish(keys: readonly IssuerKey[]): void {
      answers['/realm/keys'] = publish(keys);
    },
    sign: async (key: IssuerKey, claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> =>
      await new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
