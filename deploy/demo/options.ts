import { parseArgs } from 'node:util';

export const HELP = `npm run demo -- [options]

Three nodes (one buys, two sell), each with its own Kubernetes control plane with Liqo, Temporal namespace and Postgres schema,
play what Rearguard promises, and after each scenario a leak report says what is left. The exit code is 0 when all ended as told.

  --only a,b,c1,c2,d,e,f   these scenarios only (c is c1 and c2), or by name: fits-locally, bought, seller-killed,
                           node-killed, worker-killed, withdrawn, together
  --report FILE            writes every step and leak as JSON
  --keep                   leaves everything running at the end, and says where
  --consumer-context NAME  the buyer's cluster: a context of your kubeconfig, with a stock Liqo
  --provider-context NAME  a seller's cluster; once or twice, the first is the cheaper one
                           (with your own clusters, c2, which kills a whole one, is left out)
  --help

TEMPORAL_ADDRESS and DATABASE_URL name a Temporal and a Postgres of your own; without them both are started.
`;

export interface Options {
  readonly only: readonly string[] | undefined;
  readonly report: string | undefined;
  readonly keep: boolean;
  readonly help: boolean;
  /** The user's own clusters, the buyer's first; undefined for embedded ones. */
  readonly contexts: { readonly consumer: string; readonly providers: readonly string[] } | undefined;
}

/** Reads the command line; throws with one sentence when it makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      only: { type: 'string' },
      report: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      'consumer-context': { type: 'string' },
      'provider-context': { type: 'string', multiple: true },
    },
  });
  const consumer = values['consumer-context'];
  const providers = values['provider-context'] ?? [];
  if ((consumer === undefined) !== (providers.length === 0)) throw new Error('--consumer-context and --provider-context belong together');
  if (providers.length > 2) throw new Error('--provider-context: at most two, there are two sellers');
  const only = values.only
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return {
    only,
    report: values.report,
    keep: values.keep,
    help: values.help,
    contexts: consumer === undefined ? undefined : { consumer, providers },
  };
}
