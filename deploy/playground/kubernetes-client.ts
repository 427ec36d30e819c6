import fs from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';

/** As much of a Kubernetes object as the playground looks at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** A client by admin certificate, without a library: the runner of virtual kubelets is a small process of its own. */
export interface KubernetesClient {
  /** Sends one request; throws with `code` when the answer is not a success. A silent API server is a fault after 30 s. */
  request<T>(method: string, url: string, body?: unknown, type?: string): Promise<T>;
  /** Server-side apply. */
  apply(object: KubernetesObject): Promise<void>;
  /** The objects' URL, found by discovery. */
  urlOf(apiVersion: string, kind: string, namespace?: string, name?: string): Promise<string>;
  /** Follows one watch until the server ends it. */
  watch(url: string, onEvent: (event: { type: string; object: KubernetesObject }) => void): Promise<void>;
}

interface Discovered {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const APPLY = 'application/apply-patch+yaml';

/** The code of a refused request; undefined for other faults. */
export const codeOf = (fault: unknown): number | undefined => (fault as { code?: number }).code;

/** Connects to the cluster whose control plane keeps its files in `dir`. */
export function connect(dir: string, port: number): KubernetesClient {
  const pem = (name: string): Buffer => fs.readFileSync(path.join(dir, 'pki', name));
  const agent = new https.Agent({ keepAlive: true, ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') });

  const open = (
    method: string,
    url: string,
    body: unknown,
    type: string,
    timeout: number,
    onResponse: (answer: IncomingMessage) => void,
    onFault: (fault: Error) => void,
  ): void => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    };
    const request = https.request({ host: '127.0.0.1', port, agent, method, path: url, headers, timeout }, onResponse);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeout} ms`)));
    request.on('error', onFault);
    request.end(text);
  };

  const request = <T>(method: string, url: string, body?: unknown, type = 'application/json'): Promise<T> =>
    new Promise((resolve, reject) => {
      const onResponse = (answer: IncomingMessage): void => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const code = answer.statusCode ?? 0;
          if (code < 300) resolve((text.startsWith('{') ? JSON.parse(text) : text) as T);
          else reject(Object.assign(new Error(`${method} ${url}: ${code} ${text.slice(0, 500)}`), { code }));
        });
      };
      open(method, url, body, type, 30_000, onResponse, reject);
    });

  const discovered = new Map<string, Discovered>();
  const root = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
  const urlOf = async (apiVersion: string, kind: string, namespace?: string, name?: string): Promise<string> => {
    const key = `${apiVersion} ${kind}`;
    if (!discovered.has(key)) {
      const { resources } = await request<{ resources: readonly Discovered[] }>('GET', root(apiVersion));
      for (const resource of resources) if (!resource.name.includes('/')) discovered.set(`${apiVersion} ${resource.kind}`, resource);
    }
    const found = discovered.get(key);
    if (!found) throw new Error(`${apiVersion} knows no ${kind}`);
    return `${root(apiVersion)}${found.namespaced ? `/namespaces/${namespace ?? 'default'}` : ''}/${found.name}${name === undefined ? '' : `/${name}`}`;
  };

  return {
    request,
    urlOf,
    async apply(object) {
      const url = await urlOf(object.apiVersion, object.kind, object.metadata.namespace, object.metadata.name);
      await request('PATCH', `${url}?fieldManager=playground&force=true`, object, APPLY);
    },
    watch: (url, onEvent) =>
      new Promise((resolve, reject) => {
        const onResponse = (answer: IncomingMessage): void => {
          if (answer.statusCode !== 200) {
            answer.resume();
            reject(new Error(`watch ${url}: ${answer.statusCode}`));
            return;
          }
          let rest = '';
          answer.setEncoding('utf8');
          answer.on('data', (text: string) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) if (line) onEvent(JSON.parse(line) as { type: string; object: KubernetesObject });
          });
          answer.on('end', resolve);
          answer.on('error', reject);
        };
        // the server ends a watch by itself after 5 to 10 minutes; a quiet one is in order
        open('GET', url, undefined, '', 0, onResponse, reject);
      }),
  };
}
