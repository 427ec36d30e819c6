import fs from 'node:fs';
import path from 'node:path';

/** Its only cluster, user and context are called `playground`; JSON is YAML. */
function write(file: string, server: string, authority: string, user: object): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'playground',
    clusters: [{ name: 'playground', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'playground', user }],
    contexts: [{ name: 'playground', context: { cluster: 'playground', user: 'playground' } }],
  };
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
const pemOf = (dir: string, name: string): string => fs.readFileSync(path.join(dir, 'pki', name)).toString('base64');
const serverAt = (port: number): string => `https://127.0.0.1:${port}`;

/**
 * A kubeconfig that acts as a ServiceAccount by impersonation: RBAC holds for that account, no token expires.
 * Rewritten at each call, since the API server's port belongs to this start.
 */
export const kubeconfigAs = (dir: string, port: number, account: string): string =>
  write(path.join(dir, 'kubeconfigs', `${account.replaceAll(':', '_')}.json`), serverAt(port), pemOf(dir, 'ca.crt'), {
    'client-certificate-data': pemOf(dir, 'admin.crt'),
    'client-key-data': pemOf(dir, 'admin.key'),
    as: account,
  });

/** A kubeconfig with a ServiceAccount's token, as somebody has who is that account and nobody else. */
export const kubeconfigWith = (dir: string, port: number, name: string, token: string): string =>
  write(path.join(dir, 'kubeconfigs', `${name}.json`), serverAt(port), pemOf(dir, 'ca.crt'), { token });
