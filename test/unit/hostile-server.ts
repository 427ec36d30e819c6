import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach } from 'vitest';
import { CERTIFICATE, KEY } from './certificate.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of TLS in each test, which answers whatever that test says. */
export function playHostileServer() {
  const at: { url: string; asked: number; answer: Answer } = { url: '', asked: 0, answer: (_, response) => response.end() };
  let server: https.Server;
  beforeEach(async () => {
    at.asked = 0;
    server = https.createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
      at.asked += 1;
      response.on('error', () => undefined);
      at.answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at.url = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return at;
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** Writes for ever, until the other side leaves; `pauseMs` of 0 is as fast as it is read. */
export const endless =
  (piece: string, pauseMs: number): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const write = (): void => {
      if (response.destroyed) return;
      if (pauseMs > 0) {
        response.write(piece);
        setTimeout(write, pauseMs);
        return;
      }
      response.once('drain', () => setImmediate(write));
      for (let room = true; room; ) room = response.write(piece);
    };
    write();
  };
