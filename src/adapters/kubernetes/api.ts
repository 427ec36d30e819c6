import type { IncomingMessage } from 'node:http';
import { Unbelievable, endingWithin, linesOf, readAnswer } from './bounds.ts';
import { collectionPath, pageOf } from './collections.ts';
import { type Connection, open } from './connection.ts';
import type { Ask, OnForbidden } from './account.ts';
import { type Log, Refused, faultOf, isRefused, statusBody, unreachable } from './faults.ts';
import { askingAgain, nothingThere, refusedAs } from './forbidden.ts';
import { type Kind, kindOf, pathOf } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { Fault } from '../../domain/faults.ts';

export interface Where {
  readonly namespace?: string;
  readonly labels?: string;
  /** One object of a collection. */
  readonly name?: string;
  /** A field selector; not together with a name. */
  readonly fields?: string;
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
  raw<T>(method: string, path: string, body?: unknown, type?: string, signal?: AbortSignal): Promise<T>;
  get<T extends KubeObject>(kind: Kind, where: { readonly namespace?: string; readonly name: string }): Promise<T | undefined>;
  list<T extends KubeObject>(kind: Kind, where?: Where): Promise<Listed<T>>;
  /** Server-side apply under our field manager. `kind` where the table has none. */
  apply<T extends KubeObject>(manifest: Manifest, kind?: Kind): Promise<T>;
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
  /** Aborted when it is closed. */
  readonly closed: AbortSignal;
  close(): void;
}

const FIELD_MANAGER = 'rearguard';
const ANSWER_MS = 10_000;
/** The API server sends a bookmark about once a minute: longer silence means that nobody is there any more. */
const WATCH_SILENCE_MS = 90_000;
const WATCH_SECONDS = 240;

const asSent = (object: unknown): KubeObject => object as KubeObject;

/**
 * Opens a client; nothing is asked yet. What the answers may cost is bounded by the connection; `keep` takes from each object of a list or watch what is wanted
 * of it, and throws {@link Unbelievable} when it is none: for API servers that are not ours. `onForbidden` is asked what to make of refusals for want of a right: for our own.
 */
export function openApi(
  connection: Connection,
  log: Log,
  keep: (object: unknown) => KubeObject = asSent,
  onForbidden?: (ask: Ask) => OnForbidden,
): Api {
  const { bounds } = connection;
  const closing = new AbortController();
  const once: Api['raw'] = async <T>(method: string, path: string, body?: unknown, type?: string, signal?: AbortSignal): Promise<T> => {
    try {
      const answer = await open(connection, {
        method,
        path,
        silenceMs: ANSWER_MS,
        signal: endingWithin(bounds.answerMs, signal),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(type !== undefined && { type }),
      });
      const content = await readAnswer(answer, bounds);
      const status = answer.statusCode ?? 0;
      if (status >= 300 || status < 200) throw new Refused(status, statusBody(content));
      return content as T;
    } catch (error) {
      // The path names objects only: no secret is in it. Bodies are never logged.
      if (isRefused(error)) log.debug({ method, path, status: error.status, reason: error.body.reason }, 'the API server refused');
      else log.warn({ method, path, why: error instanceof Error ? error.message : 'unknown' }, 'the API server did not answer');
      throw isRefused(error) ? error : unreachable(error, `${method} ${path.split('?')[0]}`);
    }
  };
  const forbidden = onForbidden?.(once);
  const raw = forbidden ? askingAgain(once, forbidden) : once;
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
      const items: T[] = [];
      const signal = endingWithin(bounds.listMs);
      const what = `list ${kind.plural}`;
      let more: string | undefined;
      for (let pages = 1; ; pages += 1) {
        const next = { limit: String(bounds.pageSize), ...(more !== undefined && { continue: more }) };
        const path = collectionPath(kind, where, next);
        const content = await told(what, raw<unknown>('GET', path, undefined, undefined, signal).catch(nothingThere));
        try {
          const page = pageOf(content);
          for (const object of page.items) items.push(keep(object) as T);
          if (items.length > bounds.objects) throw new Unbelievable(`it lists more than ${bounds.objects} objects`);
          if (page.more === undefined) return { items, resourceVersion: page.resourceVersion };
          if (pages === bounds.pages) throw new Unbelievable(`its list has more than ${bounds.pages} pages`);
          more = page.more;
        } catch (error) {
          throw unreachable(error, what);
        }
      }
    },
    async apply<T extends KubeObject>(manifest: Manifest, kind = kindOf(manifest)) {
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
      const asked = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS), resourceVersion };
      const path = collectionPath(kind, where, asked);
      const what = `watch ${kind.plural}`;
      const began = Date.now();
      let answer: IncomingMessage | undefined;
      try {
        answer = await open(connection, {
          method: 'GET',
          path,
          signal: endingWithin(bounds.watchMs, signal),
          silenceMs: WATCH_SILENCE_MS,
          held: true,
        });
        if (answer.statusCode !== 200) throw new Refused(answer.statusCode ?? 0, statusBody(await readAnswer(answer, bounds)));
        for await (const line of linesOf(answer, bounds)) {
          const { type, object } = (JSON.parse(line) ?? {}) as { readonly type?: unknown; readonly object?: { readonly code?: unknown } };
          if (type === 'ERROR') throw new Refused(typeof object?.code === 'number' ? object.code : 500, statusBody(object));
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object: keep(object) as T });
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isRefused(error, 410)) return; // what we know is too old: the caller lists again
        if (forbidden && isRefused(error, 403)) {
          const answered = await forbidden(error, Date.now() - began);
          if (!('body' in answered)) return; // the caller lists again, which finds the same
          throw faultOf(refusedAs(answered), what);
        }
        throw isRefused(error) ? faultOf(error, what) : unreachable(error, what);
      } finally {
        // Left open it would fail later, when nobody listens any more: an error that nobody catches ends the process.
        answer?.on('error', () => undefined).destroy();
      }
    },
    closed: closing.signal,
    close() {
      closing.abort();
      connection.close();
    },
  };
}
