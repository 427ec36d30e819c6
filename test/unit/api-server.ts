/** An API server of a test's own, which answers what the test says, and our client of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { type Fault, isFault } from '../../src/domain/faults.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export type Answer = (request: Request, response: ServerResponse) => void;

/** Hooks of the file that calls it start and stop one for each test. */
export function playApiServer() {
  const logged: string[] = [];
  const note = (facts: object, words: string): void => void logged.push(`${words} ${JSON.stringify(facts)}`);
  let folder: string;
  let server: http.Server;
  let api: Api;
  let asked: Request[] = [];
  let answer: Answer;

  async function listen(port = 0): Promise<void> {
    server = http.createServer((incoming, response) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        const url = new URL(incoming.url ?? '', 'http://x');
        const request = {
          method: incoming.method ?? '',
          path: url.pathname,
          query: url.searchParams,
          headers: incoming.headers,
          body: Buffer.concat(parts).toString(),
        };
        asked.push(request);
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  }
  const portOf = (): number => {
    const place = server.address();
    if (place === null || typeof place === 'string') throw new Error('no port');
    return place.port;
  };
  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubernetes-client-'));
    asked = [];
    logged.length = 0;
    await listen();
    const kubeconfig = join(folder, 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [{ name: 'here', cluster: { server: `http://127.0.0.1:${portOf()}/prefix`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'me', user: { token: 'very-secret' } }],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    api = openApi(ownConnection({ kubeconfig }), { debug: note, info: note, warn: note });
  });
  afterEach(async () => {
    api.close();
    await stop();
    rmSync(folder, { recursive: true });
  });

  /** The fault of a call, which tells nothing of our token. */
  async function faultOf(call: Promise<unknown>): Promise<Fault> {
    try {
      await call;
    } catch (error) {
      if (!isFault(error)) throw error;
      expect(error.cause).toBeUndefined();
      expect(`${error.message} ${JSON.stringify(error.facts)} ${error.stack} ${logged.join()}`).not.toContain('very-secret');
      return error;
    }
    throw new Error('it did not fail');
  }

  return {
    get api() {
      return api;
    },
    get asked(): readonly Request[] {
      return asked;
    },
    get server() {
      return server;
    },
    get folder() {
      return folder;
    },
    set answer(next: Answer) {
      answer = next;
    },
    logged,
    listen,
    stop,
    port: portOf,
    faultOf,
  };
}

export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};
export const status = (code: number, message = 'words of the API server', more: object = {}): Answer => {
  return (_request, response) => json(response, code, { kind: 'Status', message, code, ...more });
};
export const node = (name: string, more: object = {}): KubeObject => ({ metadata: { name, ...more } });
