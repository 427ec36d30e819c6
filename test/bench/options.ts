import { parseArgs } from 'node:util';

export interface Options {
  readonly json: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly quick: boolean;
  readonly help: boolean;
}

export const helpOf = (names: readonly string[]): string => `npm run bench -- [options]

Measures Rearguard against its targets, on real Postgres, Temporal, Kubernetes and Liqo, all started here.

reserve and oversell are taken at the store: 16 connections to Postgres, no server of ours between. The others but history-events and
idle-events-per-day, which count, and liqo-floor, which has none of our code, are taken at a node's HTTP. Each says so (facts.at), and
whether Postgres waited for the disk at each commit (facts.durable), as it is started here to do. Temporal is its dev server, which does not.

  --json FILE       writes {results:[{name,unit,value,p50,p99,facts,target,met}],machine}
  --only NAME,...   these only: ${names.join(', ')}
  --quick           few samples: shows that a measure works, and is not to be quoted
  --help

Exit codes: 0 all targets are met, 3 one is missed (never with --quick), 1 a measure failed, 2 a mistake in the command.
`;

/** Reads the command line; throws with one sentence when it makes no sense. */
export function readOptions(args: readonly string[], names: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      json: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`--only: no measure is called ${unknown.join(', ')}; there are ${names.join(', ')}`);
  return { json: values.json, only, quick: values.quick, help: values.help };
}
