/** Whose JWTs open the management API: an issuer of our own on loopback, and everything that somebody may try with it. */
import { createHash } from 'node:crypto';
import { SignJWT, UnsecuredJWT, exportSPKI, importJWK } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isIssuerUrl } from '../../src/adapters/oidc/asking.ts';
import { oidcCallers } from '../../src/adapters/oidc/callers.ts';
import type { Callers } from '../../src/ports/callers.ts';
import { openCallers } from '../../src/runtime/callers.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { type IssuerKey, type OidcIssuer, issuerKey, oidcIssuer } from '../fakes/oidc-issuer.ts';

const [first, second, rsa] = await Promise.all([issuerKey('k1'), issuerKey('k2'), issuerKey('k3', 'RS256')]);
const AUDIENCE = 'rearguard';
let issuer: OidcIssuer;
let callers: Pick<Callers, 'of'>;
let troubles: (string | undefined)[];
let now: number;
const seconds = (): number => Math.floor(now / 1_000);

const open = (limits: Parameters<typeof oidcCallers>[0]['limits'] = {}, rolesClaim = 'roles'): void => {
  const told: typeof troubles = [];
  troubles = told;
  callers = oidcCallers({
    settings: {
      issuer: issuer.url,
      audience: AUDIENCE,
      rolesClaim,
      roles: { 'rearguard-ops': 'operator', everybody: 'viewer', viewer: 'viewer' },
      algorithms: ['ES256', 'RS256'],
      clockToleranceSeconds: 30,
    },
    clock: { now: () => now },
    troubled: (why) => void told.push(why),
    limits: { pauseMs: 0, ...limits },
  });
};
beforeEach(async () => {
  now = Date.now();
  issuer = await oidcIssuer([first, rsa]);
  open();
});
afterEach(async () => await issuer.close());

const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'ann',
  iat: seconds(),
  exp: seconds() + 300,
  roles: ['rearguard-ops'],
  ...more,
});
const by = async (more: Record<string, unknown> = {}, key: IssuerKey = first): Promise<string> => await issuer.sign(key, claims(more));

describe('who is who', () => {
  test.each<[string, Record<string, unknown>, object]>([
    ['one role', {}, { name: 'oidc:ann', role: 'operator' }],
    ['the one that may do most', { roles: ['everybody', 'rearguard-ops', 'unheard-of'] }, { name: 'oidc:ann', role: 'operator' }],
    ['one that is no list', { roles: 'everybody' }, { name: 'oidc:ann', role: 'viewer' }],
    ['our audience among others', { aud: ['other', AUDIENCE] }, { name: 'oidc:ann', role: 'operator' }],
    ['a name that would break a line', { sub: 'ann\nadmin' }, { name: 'oidc:ann?admin', role: 'operator' }],
    ['a clock that is a little off', { iat: 0, nbf: 20 }, { name: 'oidc:ann', role: 'operator' }],
    ['no role', { roles: undefined }, { name: 'oidc:ann' }],
    ['no role of ours', { roles: ['admins', 'constructor', 'operator'] }, { name: 'oidc:ann' }],
    ['roles that are none', { roles: [{ viewer: true }, 7, null] }, { name: 'oidc:ann' }],
  ])('%s', async (_, more, expected) => {
    const nbf = more['nbf'] === undefined ? {} : { nbf: seconds() + Number(more['nbf']) };
    expect(await callers.of(await by({ ...more, ...nbf }))).toEqual(expected);
  });

  test('a claim within others', async () => {
    open({}, 'realm_access.roles');
    expect(await callers.of(await by({ realm_access: { roles: ['everybody'] } }))).toMatchObject({ role: 'viewer' });
    expect(await callers.of(await by({ 'realm_access.roles': ['rearguard-ops'] }))).toMatchObject({ role: 'operator' });
    open({}, 'constructor.name');
    expect(await callers.of(await by())).toEqual({ name: 'oidc:ann' });
  });
});

describe('nobody is behind', () => {
  const hs256 = async (): Promise<string> => {
    const pem = await exportSPKI((await importJWK(rsa.publicJwk, 'RS256')) as never);
    return await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: rsa.kid }).sign(Buffer.from(pem));
  };
  test.each<[string, () => Promise<string> | string]>([
    ['a token for another audience', () => by({ aud: 'other' })],
    ['one for no audience', () => by({ aud: undefined })],
    ['one of another issuer', () => by({ iss: 'https://other.example' })],
    ['one that is over', () => by({ exp: seconds() - 31 })],
    ['one that is not over ever', () => by({ exp: undefined })],
    ['one that is not valid yet', () => by({ nbf: seconds() + 31 })],
    ['one of nobody', () => by({ sub: undefined })],
    ['one that nobody signed (alg none)', () => new UnsecuredJWT(claims()).encode()],
    ['one that is signed with the public key as a secret (HS256)', hs256],
    ['one of a key that the issuer does not publish', () => by({}, second)],
    ['one of such a key under the name of another', () => issuer.sign(second, claims(), { kid: first.kid })],
    ['one of an algorithm that is not allowed', async () => issuer.sign(await issuerKey('k1', 'ES384'), claims())],
    ['one that brings its own key', () => issuer.sign(second, claims(), { kid: undefined, jwk: second.publicJwk })],
    ['one that says where its key is', () => issuer.sign(second, claims(), { jku: `${issuer.url}/keys` })],
    [
      'one with a changed claim',
      async () => {
        const [head = '', , signature = ''] = (await by()).split('.');
        return `${head}.${Buffer.from(JSON.stringify(claims({ sub: 'bob' }))).toString('base64url')}.${signature}`;
      },
    ],
    ['something else', () => 'rgt_abc'],
    ['three parts of nothing', () => 'a.b.c'],
  ])('%s', async (_, token) => {
    expect(await callers.of(await token())).toBeUndefined();
    expect(troubles).toEqual([]);
  });
});

describe('keys', () => {
  test('are asked for once, and again when a token is of one that is not known', async () => {
    for (let n = 0; n < 5; n += 1) await callers.of(await by());
    expect(issuer.asked()).toEqual([issuer.discovery, '/realm/keys']);
    issuer.publish([second]);
    expect(await callers.of(await by({}, second))).toMatchObject({ name: 'oidc:ann' });
    expect(issuer.asked()).toEqual(['/realm/keys']);
    // What is not published any more does not count any more.
    expect(await callers.of(await by())).toBeUndefined();
  });

  test('that nobody has make nobody knock all the time', async () => {
    open({ pauseMs: 60_000 });
    await callers.of(await by());
    issuer.asked();
    for (let n = 0; n < 20; n += 1) expect(await callers.of(await issuer.sign(second, claims(), { kid: `k${n}` }))).toBeUndefined();
    expect(issuer.asked()).toEqual([]);
  });
});

describe('nobody is let in on trust', () => {
  const fails = { code: 'CALLERS_UNKNOWABLE' };
  test.each<[string, (its: OidcIssuer) => void, RegExp]>([
    ['it answers with an error', ({ answers, discovery }) => void delete answers[discovery], /answers with status 404/],
    [
      'it sends us elsewhere',
      (its) => void (its.answers[its.discovery] = (response) => response.writeHead(302, { location: `${its.url}/keys` }).end()),
      /status 302/,
    ],
    [
      'it describes another issuer',
      (its) => void (its.answers[its.discovery] = its.json({ issuer: 'https://other.example', jwks_uri: `${its.url}/keys` })),
      /is of another issuer/,
    ],
    ['it describes nothing', (its) => void (its.answers[its.discovery] = its.json([1])), /is no description of an issuer/],
    [
      'its keys are elsewhere, in clear',
      (its) => void (its.answers[its.discovery] = its.json({ issuer: its.url, jwks_uri: 'http://192.0.2.1/keys' })),
      /is no description of an issuer/,
    ],
    [
      'its answer is endless',
      (its) =>
        void (its.answers['/realm/keys'] = (response) => {
          const more = (): void => void (response.destroyed || response.write('x'.repeat(10_000), () => setImmediate(more)));
          more();
        }),
      /more than 262144 bytes/,
    ],
    ['it never answers', (its) => void (its.answers['/realm/keys'] = () => {}), /did not answer within 300 ms/],
    ['its keys are none', (its) => void (its.answers['/realm/keys'] = its.json({ keys: 'many' })), /cannot be used/],
  ])('while %s', async (_, worsen, words) => {
    worsen(issuer);
    open({ answerMs: 300 });
    await expect(callers.of(await by())).rejects.toMatchObject({ ...fails, message: expect.stringMatching(words) });
  });

  test('it is away from the start: that is said before anybody comes, it is not asked all the time, and is there again', async () => {
    const { [issuer.discovery]: well } = issuer.answers;
    delete issuer.answers[issuer.discovery];
    open({ pauseMs: 60_000 });
    await expect.poll(() => troubles).toEqual([expect.stringContaining('answers with status 404')]);
    issuer.asked();
    for (let n = 0; n < 5; n += 1) await expect(callers.of(await by())).rejects.toMatchObject(fails);
    expect(issuer.asked()).toEqual([]);
    if (well) issuer.answers[issuer.discovery] = well;
    now += 60_000;
    expect(await callers.of(await by())).toMatchObject({ role: 'operator' });
    expect(troubles.at(-1)).toBeUndefined();
  });

  test('it goes away: what it published counts for a while, and then no more', async () => {
    expect(await callers.of(await by())).toMatchObject({ role: 'operator' });
    await issuer.close();
    expect(await callers.of(await by())).toMatchObject({ role: 'operator' });
    now += 600_001;
    await expect(callers.of(await by())).rejects.toMatchObject(fails);
    expect(troubles.at(-1)).toContain('does not answer');
  });
});

test('an issuer is asked over TLS, or on our own machine', () => {
  for (const good of ['https://id.example/realms/x', 'http://127.0.0.1:8080', 'http://localhost/x', 'http://[::1]:1'])
    expect(isIssuerUrl(good)).toBe(true);
  for (const bad of [
    'http://id.example',
    'https://u:p@id.example',
    'https://id.example?x=1',
    'https://id.example#x',
    'ftp://127.0.0.1',
    'id.example',
  ])
    expect(isIssuerUrl(bad)).toBe(false);
});

test('a node takes both: its own tokens, also while the issuer is away, and those of the issuer', async () => {
  const said: string[] = [];
  const readiness = { say: (name: string, words: string) => void said.push(`${name}: ${words}`) };
  const opened = async (more: object): Promise<Callers> => {
    const node = { id: 'alice', domain: 'alice.example', address: 'alice.example:3004' };
    const configuration = completed(ConfigurationSchema.parse({ node, api: more }));
    return await openCallers({
      configuration,
      readiness,
      log: pino({ level: 'silent' }),
      clock: { now: () => now },
      signal: new AbortController().signal,
    });
  };
  expect((await opened({})).open).toBe(true);
  const both = await opened({
    tokens: [{ name: 'ops', role: 'admin', sha256: createHash('sha256').update('rgt_ops').digest('hex') }],
    oidc: { issuer: issuer.url, audience: AUDIENCE, roles: { 'rearguard-ops': 'operator' } },
  });
  expect(both.open).toBe(false);
  expect(await both.of(await by())).toEqual({ name: 'oidc:ann', role: 'operator' });
  expect(await both.of('rgt_other')).toBeUndefined();
  await issuer.close();
  now += 600_001;
  expect(await both.of('rgt_ops')).toEqual({ name: 'ops', role: 'admin' });
  await expect(both.of(await by())).rejects.toMatchObject({ code: 'CALLERS_UNKNOWABLE' });
  expect(said).toEqual([expect.stringMatching(/^api oidc: who asks cannot be found out.*does not answer/)]);
});
