/** One thing that a node needs, and how it is with it. */
export interface Check {
  readonly name: string;
  readonly ready: boolean;
  /** Why not, in words; what it waits for. */
  readonly why?: string;
  /** What an operator should know although nothing is missing. */
  readonly says?: string;
  /** RFC 3339: since when it is so. */
  readonly since?: string;
}

const NO_STORE = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** `/healthz`: the process runs. */
export const healthz = (): Response => new Response(JSON.stringify({ alive: true }), { headers: NO_STORE });

/** How much is told: `all` to whoever may read the rest, no words to anybody whom we do not know (`names`), nothing to other nodes. */
export type Told = 'all' | 'names' | 'nothing';

/** `/readyz`: 200 when it can do its work, else 503 with what is missing. */
export function readyz(checks: readonly Check[], told: Told): Response {
  const ready = checks.every((check) => check.ready);
  const shown = told === 'all' ? checks : checks.map(({ name, ready, since }) => ({ name, ready, since }));
  return new Response(JSON.stringify(told === 'nothing' ? { ready } : { ready, checks: shown }), {
    status: ready ? 200 : 503,
    headers: NO_STORE,
  });
}
