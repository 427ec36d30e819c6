import fs from 'node:fs';
import path from 'node:path';

/**
 * A kubeconfig that acts as a ServiceAccount by impersonation: RBAC holds for that account, no token expires.
 * Rewritten at each call, since the API server's port belongs to this start; JSON is YAML.
 */
export function kubeconfigAs(dir: string, port: number, account: string): string {
  const pem = (name: string): string => fs.readFileSync(path.join(dir, 'pki', name)).toString('base64');
  const file = path.join(dir, 'kubeconfigs', `${account.replaceAll(':', '_')}.json`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'playground',
    clusters: [{ name: 'playground', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': pem('ca.crt') } }],
    users: [
      { name: 'playground', user: { 'client-certificate-data': pem('admin.crt'), 'client-key-data': pem('admin.key'), as: account } },
    ],
    contexts: [{ name: 'playground', context: { cluster: 'playground', user: 'playground' } }],
  };
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
