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
