import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../domain/faults.ts';
import type { ClusterId } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { type Api, openApi } from './api.ts';
import { foreignConnection } from './connection.ts';
import { type Log, faultOf, isRefused } from './faults.ts';
import { kindOf, pathOf } from './kinds.ts';
import { probes } from './policies.ts';

const LONGEST_MS = 15_000;
const PAUSE_MS = 50;
const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/**
 * Waits until our role and policies hold a tenant: with its own token and in a dry run, what it may write must pass and what it must not be refused. An API server takes
 * both into force up to a second after they were written and tells nobody, so asking again is the only way. CLUSTER_UNREACHABLE when they do not hold in time.
 */
export async function awaitPolicies(api: Api, buyer: ClusterId, token: string): Promise<void> {
  const { server, ca } = api.connection;
  const asTenant = openApi(
    foreignConnection({ server: server.href.replace(/\/$/, ''), ...(ca !== undefined && { ca }), token }, 'anywhere'),
    quiet,
  );
  const deadline = Date.now() + LONGEST_MS;
  try {
    for (const { allowed, forbidden } of probes(buyer)) {
      for (const [manifest, wanted] of [
        [allowed, 'written'],
        [forbidden, 'refused'],
      ] as const) {
        for (let seen = await attempt(asTenant, manifest); seen.what !== wanted; seen = await attempt(asTenant, manifest)) {
          if (Date.now() > deadline)
            throw new Fault(
              'CLUSTER_UNREACHABLE',
              `a tenant's ${manifest.kind} must be ${wanted} and is ${seen.what}: ${seen.words}`.slice(0, 600),
              {
                kind: manifest.kind,
              },
            );
          await pause(PAUSE_MS);
        }
      }
    }
  } finally {
    asTenant.close();
  }
}

/** `unbound`: the account's role is not in force yet (401, 403). A policy refuses with 422, as a schema does: hence the twin that passes. */
async function attempt(
  asTenant: Api,
  manifest: Manifest,
): Promise<{ readonly what: 'written' | 'refused' | 'unbound'; readonly words: string }> {
  const kind = kindOf(manifest);
  const { namespace = '' } = manifest.metadata;
  if (!kind) throw new Error(`no kind ${manifest.kind}`);
  try {
    await asTenant.raw('POST', `${pathOf(kind, { namespace })}?dryRun=All`, manifest);
    return { what: 'written', words: '' };
  } catch (error) {
    if (isRefused(error, 422)) return { what: 'refused', words: error.message };
    if (isRefused(error, 401, 403)) return { what: 'unbound', words: error.message };
    throw faultOf(error, 'the probe of the admission policies');
  }
}
