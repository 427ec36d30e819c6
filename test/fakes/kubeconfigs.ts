/** Identities as sellers hand them out: honest ones, and such as would have us do harm. */

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const CA = base64('-----BEGIN CERTIFICATE-----\nMIIB\n');

/** What a seller hands out of its cluster, in base64 as it travels; changed in what a case is about. */
export const sentKubeconfig = (user: object = {}, cluster: object = {}): string =>
  base64(
    JSON.stringify({
      kind: 'Config',
      'current-context': 'peer',
      clusters: [{ name: 'peer', cluster: { server: 'https://192.0.2.20:6443', 'certificate-authority-data': CA, ...cluster } }],
      users: [{ name: 'tenant', user: { token: 'a.b.c', ...user } }],
      contexts: [{ name: 'peer', context: { cluster: 'peer', user: 'tenant' } }],
    }),
  );

/** What nobody may hand out: what is in it, and what it is refused with. */
export const HOSTILE_KUBECONFIGS: readonly (readonly [string, string, RegExp])[] = [
  ['a program to run', sentKubeconfig({ exec: { command: 'sh', args: ['-c', 'id'] } }), /user\.exec runs a program/],
  [
    'a plugin to run',
    sentKubeconfig({ 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'sh' } } }),
    /user\.auth-provider runs an authentication plugin/,
  ],
  ['the file of a token', sentKubeconfig({ tokenFile: '/etc/passwd' }), /user\.tokenFile reads a file/],
  ['the file of a certificate', sentKubeconfig({ 'client-certificate': '/etc/x' }), /user\.client-certificate reads a file/],
  ['the file of a key', sentKubeconfig({ 'client-key': '/etc/rearguard/key' }), /user\.client-key reads a file/],
  [
    'the file of an authority',
    sentKubeconfig({}, { 'certificate-authority': '/etc/passwd' }),
    /cluster\.certificate-authority reads a file/,
  ],
  ['a proxy', sentKubeconfig({}, { 'proxy-url': 'http://192.0.2.9:3128' }), /cluster\.proxy-url goes through a proxy/],
  ['trust in anybody', sentKubeconfig({}, { 'insecure-skip-tls-verify': true }), /cluster\.insecure-skip-tls-verify trusts anybody/],
  [
    'an API server where clouds keep their metadata',
    sentKubeconfig({}, { server: 'https://169.254.169.254' }),
    /cluster\.server.*link-local/,
  ],
];
