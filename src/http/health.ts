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

/** `/readyz`: 200 when it can do its work, else 503 with what is missing; `words` are for operators, so other nodes get none. */
export function readyz(checks: readonly Check[], words: boolean): Response {
  const ready = checks.every((check) => check.ready);
  return new Response(JSON.stringify(words ? { ready, checks } : { ready }), { status: ready ? 200 : 503, headers: NO_STORE });
}
