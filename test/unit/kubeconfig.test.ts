/** A kubeconfig that another owner sent is hostile input: one server, its CA and one token pass, everything else is refused with what it was. */
import { describe, expect, test } from 'vitest';
import { parseKubeconfig, parseSliceKubeconfig, tokenClaims, writeKubeconfig } from '../../src/adapters/kubernetes/kubeconfig.ts';
import { isWorthTaking } from '../../src/adapters/kubernetes/credentials.ts';
import { isFault } from '../../src/domain/faults.ts';
import { HOSTILE_KUBECONFIGS } from '../fakes/kubeconfigs.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const SECRET = 'eyJhbGciOiJub25lIn0.very-secret.x';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const CA = base64(PEM);

type Fields = Record<string, unknown>;
interface Parts {
  readonly config?: Fields;
  readonly cluster?: Fields;
  readonly user?: Fields;
  readonly context?: Fields;
}
/** A kubeconfig that passes, changed in what the case is about; `undefined` takes a field out. */
const document = ({ config, cluster, user, context }: Parts = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'peer',
  clusters: [{ name: 'north', cluster: { server: 'https://192.0.2.20:6443', 'certificate-authority-data': CA, ...cluster } }],
  users: [{ name: 'south', user: { token: SECRET, ...user } }],
  contexts: [{ name: 'peer', context: { cluster: 'north', user: 'south', ...context } }],
  ...config,
});
const encoded = (parts?: Parts): string => base64(JSON.stringify(document(parts)));
const twice = (key: string): Fields => ({ [key]: [(document()[key] as unknown[])[0], { name: 'other', [key.slice(0, -1)]: {} }] });

/** What a call is refused with; the words of the fault hold no part of what was sent. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!isFault(error)) throw error;
    expect(error.code).toBe('KUBECONFIG_REFUSED');
    expect(`${error.message} ${JSON.stringify(error.facts)}`).not.toContain('very-secret');
    return String(error.facts['why']);
  }
  return 'accepted';
}

describe('accepted', () => {
  const YAML = `apiVersion: v1
kind: Config
preferences: {}
current-context: peer
clusters:
- name: north
  cluster:
    server: https://api.north.example/k8s/clusters/c-1
    certificate-authority-data: ${CA}
contexts:
- name: peer
  context: {cluster: north, user: south, namespace: liqo-tenant-south}
users:
- name: south
  user:
    token: ${SECRET}
`;
  test.each([
    ['JSON', encoded(), 'https://192.0.2.20:6443'],
    ['YAML, with a path and a namespace', base64(YAML), 'https://api.north.example/k8s/clusters/c-1'],
    ['an IPv6 address', encoded({ cluster: { server: 'https://[2001:db8::1]:6443' } }), 'https://[2001:db8::1]:6443'],
    ['base64 in lines, as `base64` writes it', encoded().replace(/(.{76})/g, '$1\n'), 'https://192.0.2.20:6443'],
    ['what is switched off explicitly', encoded({ cluster: { 'insecure-skip-tls-verify': false } }), 'https://192.0.2.20:6443'],
  ])('%s', (_, kubeconfig, server) => {
    expect(parseKubeconfig(kubeconfig)).toEqual({ server, ca: PEM, token: SECRET });
  });

  test('what we write is read back', () => {
    const access = { server: 'https://192.0.2.20:6443', ca: PEM, token: SECRET };
    expect(parseKubeconfig(base64(writeKubeconfig(access)))).toEqual(access);
  });
});

describe('refused', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...['b', 'c', 'd'].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abc'[i]}`)}]`)].join('\n');

  test.each<readonly [string, string, RegExp]>([
    ['nothing', '', /not base64/],
    ['no base64', '{"kind":"Config"}', /not base64/],
    ['no YAML', base64('kind: [Config'), /not YAML/],
    ['a text', base64('hello'), /no kubeconfig/],
    ['a list', base64('[]'), /no kubeconfig/],
    ['another kind', encoded({ config: { kind: 'Secret' } }), /no kubeconfig/],
    ['more than 64 KiB', encoded({ user: { token: 'x'.repeat(70_000) } }), /too large/],
    ['a hundred megabytes', 'A'.repeat(100_000_000), /too large/],
    ['two documents', base64(`${JSON.stringify(document())}\n---\n${JSON.stringify(document())}`), /not YAML of one document/],
    ['a key twice', base64(`kind: Config\n${JSON.stringify(document()).slice(1, -1)}\nkind: Config`), /not YAML/],
    ['aliases that multiply', base64(bomb), /aliases/],
    ['one alias', base64('kind: Config\nclusters: &c []\nusers: *c\n'), /aliases/],
    ['a merge key', base64('kind: Config\nx: &x {a: 1}\nclusters:\n  <<: *x\n'), /aliases/],
    ['a tag', base64('kind: Config\nclusters: !!js/function "x"\n'), /tags|YAML/],
    ['thousands of entries', base64(`kind: Config\nclusters: [${'{},'.repeat(2_000)}]`), /too many entries/],
    ['deep nesting', base64(`kind: Config\nclusters: ${nested(20_000)}`), /nested too deeply|too many entries|not YAML/],
    ['a key that is a prototype', base64('{"kind":"Config","__proto__":{"clusters":[]}}'), /config\.__proto__|exactly one/],

    ['two clusters', encoded({ config: twice('clusters') }), /exactly one cluster/],
    ['two users', encoded({ config: twice('users') }), /exactly one user/],
    ['two contexts', encoded({ config: twice('contexts') }), /exactly one context/],
    ['no cluster', encoded({ config: { clusters: [] } }), /exactly one cluster/],
    ['clusters that are no list', encoded({ config: { clusters: {} } }), /exactly one cluster/],
    ['a cluster without a name', encoded({ config: { clusters: [{ cluster: {} }] } }), /no name/],
    ['a cluster that is empty', encoded({ config: { clusters: [{ name: 'north', cluster: null }] } }), /is empty/],
    ['a context for another cluster', encoded({ context: { cluster: 'elsewhere' } }), /names others/],
    ['a context for another user', encoded({ context: { user: 'somebody' } }), /names others/],
    ['another current context', encoded({ config: { 'current-context': 'elsewhere' } }), /current context/],
    ['no current context', encoded({ config: { 'current-context': undefined } }), /current context/],
    ['an extension', encoded({ config: { extensions: [{ name: 'x', extension: {} }] } }), /config\.extensions is not known/],

    ...HOSTILE_KUBECONFIGS,
    ['a client certificate', encoded({ user: { 'client-certificate-data': CA } }), /client-certificate-data is not known/],
    ['a password', encoded({ user: { username: 'admin', password: 'very-secret' } }), /user\.username is a password/],
    ['impersonation', encoded({ user: { as: 'system:admin' } }), /user\.as impersonates/],
    ['impersonation of groups', encoded({ user: { 'as-groups': ['system:masters'] } }), /user\.as-groups impersonates/],
    ['no token', encoded({ user: { token: undefined } }), /user\.token is no token/],
    ['a token that is a number', encoded({ user: { token: 7 } }), /user\.token is no token/],
    ['a token with a header in it', encoded({ user: { token: 'x\r\nHost: elsewhere' } }), /user\.token is no token/],
    ['a token with a space', encoded({ user: { token: 'a b' } }), /user\.token is no token/],

    ['no CA', encoded({ cluster: { 'certificate-authority-data': undefined } }), /certificate-authority-data is not base64/],
    ['a CA that is no PEM', encoded({ cluster: { 'certificate-authority-data': base64('hello') } }), /holds no PEM/],
    ['another name of the server', encoded({ cluster: { 'tls-server-name': 'bank.example' } }), /tls-server-name checks another/],
    ['plain HTTP', encoded({ cluster: { server: 'http://192.0.2.20' } }), /is not https/],
    ['a file URL', encoded({ cluster: { server: 'file:///etc/passwd' } }), /is not https/],
    ['no URL', encoded({ cluster: { server: 'north' } }), /is no URL/],
    ['a server that is a list', encoded({ cluster: { server: ['https://192.0.2.20'] } }), /is no URL/],
    ['user and password in the URL', encoded({ cluster: { server: 'https://me:very-secret@192.0.2.20' } }), /more than an address/],
    ['a query in the URL', encoded({ cluster: { server: 'https://192.0.2.20/?x=1' } }), /more than an address/],
    ['a fragment in the URL', encoded({ cluster: { server: 'https://192.0.2.20/#x' } }), /more than an address/],
    ["a cloud's metadata address as a number", encoded({ cluster: { server: 'https://2852039166' } }), /link-local/],
    ['the same within IPv6', encoded({ cluster: { server: 'https://[::ffff:169.254.169.254]' } }), /link-local/],
    ['link-local IPv6', encoded({ cluster: { server: 'https://[fe80::1]' } }), /link-local/],
  ])('%s', (_, kubeconfig, why) => {
    expect(refusal(() => parseKubeconfig(kubeconfig))).toMatch(why);
  });
});

describe("a slice's own identity, which our Liqo wrote out of what the seller sent", () => {
  const user = { token: undefined, 'client-certificate-data': CA, 'client-key-data': CA };
  const text = (parts: Parts): string => JSON.stringify(document(parts));

  test('is a client certificate', () => {
    expect(parseSliceKubeconfig(text({ user }))).toEqual({
      server: 'https://192.0.2.20:6443',
      ca: PEM,
      certificate: { cert: PEM, key: PEM },
    });
  });
  test.each<readonly [string, Parts, RegExp]>([
    ['a token', { user: { ...user, token: SECRET } }, /user\.token is not known/],
    ['exec', { user: { ...user, exec: { command: 'sh' } } }, /user\.exec runs a program/],
    ['no key', { user: { ...user, 'client-key-data': undefined } }, /client-key-data is not base64/],
    ['a proxy', { user, cluster: { 'proxy-url': 'http://192.0.2.9' } }, /goes through a proxy/],
  ])('with %s it is refused', (_, parts, why) => {
    expect(refusal(() => parseSliceKubeconfig(text(parts)))).toMatch(why);
  });
});

describe('whether new credentials are worth taking', () => {
  const token = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  const of = (uid: string, iat: number, exp: number): string => token({ iat, exp, 'kubernetes.io': { serviceaccount: { uid } } });

  test('a token tells whose it is and until when', () => {
    expect(tokenClaims(of('a', 10, 20))).toEqual({ account: 'a', issued: 10, expires: 20 });
  });
  test.each(['', 'x', 'x.y.z', token([]), token({ exp: 'never' })])('one that tells nothing has ended: %j', (text) => {
    expect(tokenClaims(text).expires).toBe(0);
  });
  const HOUR = 3_600;
  const at = { server: 'https://192.0.2.1:6443', ca: 'ca' };
  /** A token of one account, issued and ending so many hours after the present one was issued. */
  const hours = (issued: number, ends: number): string => of('a', 1 + issued * HOUR, 1 + ends * HOUR);
  test.each([
    ['a purchase of the same day', hours(5, 77), hours(0, 72), false],
    ['a later end by far', hours(5, 720), hours(0, 72), true],
    ['less than three quarters of its life are left', hours(24, 96), hours(0, 72), true],
    ['three quarters of its life are left', hours(18, 90), hours(0, 72), false],
    ['two daily looks would find it dead', hours(1, 48), hours(0, 47), true],
    ['an earlier end', hours(1, 70), hours(0, 72), false],
    ['the same', hours(0, 72), hours(0, 72), false],
    ['one that does not say when it was issued, and ends later', of('a', 0, 3_001), of('a', 0, 3_000), true],
    ['one that does not say when it was issued, and ends earlier', of('a', 0, 2_999), of('a', 0, 3_000), false],
    ['a newer account, though its token ends earlier', of('b', 10, 20), of('a', 5, 3_000), true],
    ['an older account, though its token ends later', of('a', 5, 3_000), of('b', 10, 20), false],
  ])('%s', (_, fresh, present, worth) => {
    expect(isWorthTaking({ access: { ...at, token: fresh }, renewable: true }, { ...at, token: present })).toBe(worth);
  });
  test.each([
    ['ends later', hours(5, 8_765), hours(0, 8_760), true],
    ['ends earlier', hours(5, 8_755), hours(0, 8_760), false],
  ])('of a seller whom nobody asks for new ones: whatever %s', (_, fresh, present, worth) => {
    expect(isWorthTaking({ access: { ...at, token: fresh }, renewable: false }, { ...at, token: present })).toBe(worth);
  });
  test.each([
    ['another server', { server: 'https://192.0.2.2:6443', ca: 'ca' }],
    ['another authority', { server: 'https://192.0.2.1:6443', ca: 'other' }],
  ])('%s: what was issued last', (_, elsewhere) => {
    const [present, fresh] = [of('a', 5, 100), of('a', 10, 100)];
    expect(isWorthTaking({ access: { ...elsewhere, token: fresh }, renewable: true }, { ...at, token: present })).toBe(true);
    expect(isWorthTaking({ access: { ...elsewhere, token: present }, renewable: true }, { ...at, token: fresh })).toBe(false);
  });
});
