import { parseDocument, visit } from 'yaml';
import { Fault } from '../../domain/faults.ts';
import { whyNotHost } from '../../domain/forbidden-addresses.ts';
import type { Access } from './connection.ts';

const MOST_BYTES = 64 * 1024;
const MOST_NODES = 300;
const LONGEST_TOKEN = 16 * 1024;

const refuse = (why: string): never => {
  throw new Fault('KUBECONFIG_REFUSED', `the kubeconfig is refused: ${why}`, { why });
};
type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What would make our processes run programs, read files, go other ways or trust anybody. */
const DANGEROUS: Readonly<Record<string, string>> = {
  exec: 'runs a program',
  'auth-provider': 'runs an authentication plugin',
  tokenFile: 'reads a file',
  'client-certificate': 'reads a file',
  'client-key': 'reads a file',
  'certificate-authority': 'reads a file',
  'insecure-skip-tls-verify': 'trusts anybody',
  'tls-server-name': 'checks another name than that of the server',
  'proxy-url': 'goes through a proxy',
  username: 'is a password, not a token',
  password: 'is a password, not a token',
  as: 'impersonates somebody',
  'as-groups': 'impersonates somebody',
  'as-uid': 'impersonates somebody',
  'as-user-extra': 'impersonates somebody',
};
const KNOWN: Readonly<Record<'config' | 'cluster' | 'user' | 'context', readonly string[]>> = {
  config: ['apiVersion', 'kind', 'preferences', 'current-context', 'clusters', 'users', 'contexts'],
  cluster: ['server', 'certificate-authority-data'],
  user: ['token'],
  context: ['cluster', 'user', 'namespace'],
};

function only(fields: Fields, known: readonly string[], what: string): void {
  for (const [key, value] of Object.entries(fields)) {
    if (known.includes(key) || value === null || value === false || value === '') continue;
    refuse(`${what}.${key.slice(0, 60)} ${DANGEROUS[key] ?? 'is not known'}`);
  }
}

function one(
  list: unknown,
  what: 'cluster' | 'user' | 'context',
  known: readonly string[],
): { readonly name: string; readonly fields: Fields } {
  if (!Array.isArray(list) || list.length !== 1) return refuse(`it must have exactly one ${what}`);
  const entry: unknown = list[0];
  if (!isFields(entry) || typeof entry['name'] !== 'string') return refuse(`its ${what} has no name`);
  only(entry, ['name', what], `${what}s[0]`);
  const fields = entry[what];
  if (!isFields(fields)) return refuse(`its ${what} is empty`);
  only(fields, known, what);
  return { name: entry['name'], fields };
}

/** A string of base64 that holds PEM. */
function pem(value: unknown, what: string): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/=\s]+$/.test(value)) return refuse(`${what} is not base64`);
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.startsWith('-----BEGIN ') ? text : refuse(`${what} holds no PEM`);
}

function serverOf(value: unknown): string {
  if (typeof value !== 'string' || !URL.canParse(value)) return refuse('cluster.server is no URL');
  const url = new URL(value);
  if (url.protocol !== 'https:') return refuse('cluster.server is not https');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return refuse('cluster.server carries more than an address');
  // Whether it may be on our own machine is the operator's word: see `checkServer`.
  const why = whyNotHost(url.hostname, { loopback: true });
  if (why !== undefined) return refuse(`cluster.server ${why}`);
  return url.href.replace(/\/$/, '');
}

/** YAML without what makes it a program: no aliases, no tags, no second document, few nodes. */
function parsed(text: string): unknown {
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, { schema: 'core', merge: false, uniqueKeys: true, stringKeys: true, logLevel: 'error' });
  } catch {
    return refuse('it is nested too deeply'); // the parser's stack
  }
  // With logLevel `silent` the library would pass over further documents; `error` prints nothing here.
  if (document.errors.length > 0) return refuse('it is not YAML of one document');
  if (document.warnings.length > 0) return refuse('it uses YAML tags that nobody knows');
  let nodes = 0;
  visit(document, {
    Alias: () => refuse('it uses YAML aliases'),
    Node(_key, node) {
      nodes += 1;
      if (nodes > MOST_NODES) refuse('it has too many entries');
      if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) refuse('it uses YAML tags');
    },
  });
  return document.toJS({ maxAliasCount: 0 });
}

function parse(text: string, user: readonly string[]): { readonly access: Omit<Access, 'token' | 'certificate'>; readonly user: Fields } {
  if (Buffer.byteLength(text) > MOST_BYTES) return refuse('it is too large');
  const config = parsed(text);
  if (!isFields(config) || config['kind'] !== 'Config') return refuse('it is no kubeconfig');
  only(config, KNOWN.config, 'config');
  const cluster = one(config['clusters'], 'cluster', KNOWN.cluster);
  const who = one(config['users'], 'user', user);
  const context = one(config['contexts'], 'context', KNOWN.context);
  if (context.fields['cluster'] !== cluster.name || context.fields['user'] !== who.name)
    return refuse('its context names others than it has');
  const current = config['current-context'];
  if (current !== context.name) return refuse('its current context is another than it has');
  return {
    access: {
      server: serverOf(cluster.fields['server']),
      ca: pem(cluster.fields['certificate-authority-data'], 'cluster.certificate-authority-data'),
    },
    user: who.fields,
  };
}

/** All that a kubeconfig for a tenant says. */
export type TenantAccess = Access & { readonly ca: string; readonly token: string };

/**
 * Reads a kubeconfig (base64) that another owner sent, as the hostile input that it is: one server with its CA and one token, and nothing else.
 * KUBECONFIG_REFUSED with what it was; no part of it is repeated.
 */
export function parseKubeconfig(base64: string): TenantAccess {
  if (base64.length > MOST_BYTES * 2) return refuse('it is too large');
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64.replace(/\s+/g, ''))) return refuse('it is not base64');
  const { access, user } = parse(Buffer.from(base64, 'base64').toString('utf8'), KNOWN.user);
  const token = user['token'];
  if (typeof token !== 'string' || token === '' || token.length > LONGEST_TOKEN || !/^[\x21-\x7e]+$/.test(token))
    return refuse('user.token is no token');
  return { server: access.server, ca: access.ca ?? '', token };
}

/** Reads what Liqo wrote for a slice out of what the seller sent: a client certificate instead of a token, else the same. */
export function parseSliceKubeconfig(text: string): Access {
  const { access, user } = parse(text, ['client-certificate-data', 'client-key-data']);
  return {
    ...access,
    certificate: {
      cert: pem(user['client-certificate-data'], 'user.client-certificate-data'),
      key: pem(user['client-key-data'], 'user.client-key-data'),
    },
  };
}

/** Writes a kubeconfig with only server, CA and token; JSON is YAML. */
export const writeKubeconfig = ({ server, ca, token }: { readonly server: string; readonly ca: string; readonly token: string }): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'peer',
    clusters: [{ name: 'peer', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'tenant', user: { token } }],
    contexts: [{ name: 'peer', context: { cluster: 'peer', user: 'tenant' } }],
  });

/** What a token says of itself, unverified: whose it is, and until when (seconds since the epoch; 0 when it does not say). */
export function tokenClaims(token: string): { readonly account: string; readonly expires: number; readonly issued: number } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (!isFields(claims)) throw new Error('no claims');
    const kubernetes = isFields(claims['kubernetes.io']) ? claims['kubernetes.io'] : {};
    const account = isFields(kubernetes['serviceaccount']) ? String(kubernetes['serviceaccount']['uid'] ?? '') : '';
    return { account, expires: Number(claims['exp']) || 0, issued: Number(claims['iat']) || 0 };
  } catch {
    return { account: '', expires: 0, issued: 0 };
  }
}
