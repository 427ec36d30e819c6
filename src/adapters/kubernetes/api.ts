import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { type Connection, open } from './connection.ts';
import { type Log, Refused, type StatusBody, faultOf, isRefused, unreachable } from './faults.ts';
import { type Kind, kindOf, pathOf } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { Fault } from '../../domain/faults.ts';

export interface Where {
  readonly namespace?: string;
  readonly labels?: string;
  /** One object of a collection. */
  readonly name?: string;
}
export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** One API server. Every error is a Fault, or a `Refused` where the caller asked for it with `raw`. */
export interface Api {
  readonly connection: Connection;
  /** Throws `Refused` as it is, so that a caller can branch on the status; everything else is a Fault. */
  raw<T>(method: string, path: string, body?: unknown, type?: string): Promise<T>;
  get<T extends KubeObject>(kind: Kind, where: { readonly namespace?: string; readonly name: string }): Promise<T | undefined>;
  list<T extends KubeObject>(kind: Kind, where?: Where): Promise<Listed<T>>;
  /** Server-side apply under our field manager. */
  apply<T extends KubeObject>(manifest: Manifest): Promise<T>;
  /** A JSON merge patch; `undefined` when there is no such object. */
  merge<T extends KubeObject>(
    kind: Kind,
    where: { readonly namespace?: string; readonly name: string },
    patch: object,
  ): Promise<T | undefined>;
  /** Deletes; nothing there is success. `grace` in seconds. */
  remove(kind: Kind, where: { readonly namespace?: string; readonly name: string }, options?: { readonly grace?: number }): Promise<void>;
  /** Follows changes from a resource version until the server ends it. */
  watch<T extends KubeObject>(
    kind: Kind,
    where: Where,
    resourceVersion: string,
    signal: AbortSignal,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void>;
  close(): void;
}

const FIELD_MANAGER = 'rearguard';
const ANSWER_MS = 10_000;
/** The API server sends a bookmark about once a minute: longer silence means that nobody is there any more. */
const WATCH_SILENCE_MS = 90_000;
const WATCH_SECONDS = 240;
const MOST_BYTES = 64 * 2 ** 20;
const PAGE = 500;

async function read(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error('the answer is too large');
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}

const query = ({ labels, name }: Where, more: Readonly<Record<string, string>> = {}): string => {
  const params = new URLSearchParams(more);
  if (labels !== undefined) params.set('labelSelector', labels);
  if (name !== undefined) params.set('fieldSelector', `metadata.name=${name}`);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
};

export function openApi(connection: Connection, log: Log): Api {
  const raw = async <T>(method: string, path: string, body?: unknown, type?: string): Promise<T> => {
    try {
      const answer = await open(connection, {
        method,
        path,
        silenceMs: ANSWER_MS,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(type !== undefined && { type }),
      });
      const content = await read(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 300 || status < 200) throw new Refused(status, content as StatusBody);
      return content as T;
    } catch (error) {
      // The path names objects only: no secret is in it. Bodies are never logged.
      if (isRefused(error)) log.debug({ method, path, status: error.status, reason: error.body.reason }, 'the API server refused');
      else log.warn({ method, path, why: error instanceof Error ? error.message : 'unknown' }, 'the API server did not answer');
      throw isRefused(error) ? error : unreachable(error, `${method} ${path.split('?')[0]}`);
    }
  };
  const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw faultOf(error, what);
    }
  };
  const absent = async <T>(what: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (isRefused(error, 404)) return undefined;
      throw faultOf(error, what);
    }
  };
  const nameOf = (kind: Kind, { namespace, name }: { readonly namespace?: string; readonly name: string }): string =>
    `${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

  return {
    connection,
    raw,
    get: (kind, where) => absent(`get ${nameOf(kind, where)}`, raw('GET', pathOf(kind, where))),
    async list<T extends KubeObject>(kind: Kind, where: Where = {}) {
      const { namespace } = where;
      const items: T[] = [];
      let more: string | undefined;
      let resourceVersion = '';
      do {
        const path =
          pathOf(kind, namespace === undefined ? {} : { namespace }) +
          query(where, { limit: String(PAGE), ...(more !== undefined && { continue: more }) });
        const page = await told(
          `list ${kind.plural}`,
          raw<{ items?: T[]; metadata?: { continue?: string; resourceVersion?: string } }>('GET', path),
        );
        items.push(...(page.items ?? []));
        resourceVersion = page.metadata?.resourceVersion ?? '';
        more = page.metadata?.continue || undefined;
      } while (more !== undefined);
      return { items, resourceVersion };
    },
    async apply<T extends KubeObject>(manifest: Manifest) {
      const kind = kindOf(manifest);
      if (!kind) throw new Fault('CLUSTER_REFUSED', `${manifest.apiVersion} ${manifest.kind} is not a kind that we apply`);
      const { name, namespace } = manifest.metadata;
      const path = `${pathOf(kind, { name, ...(namespace !== undefined && { namespace }) })}?fieldManager=${FIELD_MANAGER}&force=true`;
      return await told(
        `apply ${nameOf(kind, { name, ...(namespace !== undefined && { namespace }) })}`,
        raw<T>('PATCH', path, manifest, 'application/apply-patch+yaml'),
      );
    },
    merge: (kind, where, patch) =>
      absent(
        `patch ${nameOf(kind, where)}`,
        raw('PATCH', `${pathOf(kind, where)}?fieldManager=${FIELD_MANAGER}`, patch, 'application/merge-patch+json'),
      ),
    async remove(kind, where, { grace } = {}) {
      const body = { propagationPolicy: 'Background', ...(grace !== undefined && { gracePeriodSeconds: grace }) };
      await absent(`delete ${nameOf(kind, where)}`, raw('DELETE', pathOf(kind, where), body));
    },
    async watch<T extends KubeObject>(
      kind: Kind,
      where: Where,
      resourceVersion: string,
      signal: AbortSignal,
      onEvent: (event: WatchEvent<T>) => void,
    ) {
      const { namespace } = where;
      const path =
        pathOf(kind, namespace === undefined ? {} : { namespace }) +
        query(where, { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS), resourceVersion });
      const what = `watch ${kind.plural}`;
      let answer: IncomingMessage | undefined;
      try {
        answer = await open(connection, { method: 'GET', path, signal, silenceMs: WATCH_SILENCE_MS });
        if (answer.statusCode !== 200) throw new Refused(answer.statusCode ?? 0, (await read(answer)) as StatusBody);
        for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
          const { type, object } = JSON.parse(line) as { type: string; object: T & StatusBody & { code?: number } };
          if (type === 'ERROR') throw new Refused(object.code ?? 500, object);
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isRefused(error, 410)) return; // what we know is too old: the caller lists again
        throw isRefused(error) ? faultOf(error, what) : unreachable(error, what);
      } finally {
        // Left open it would fail later, when nobody listens any more: an error that nobody catches ends the process.
        answer?.on('error', () => undefined).destroy();
      }
    },
    close: () => connection.close(),
  };
}
