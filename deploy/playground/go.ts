import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { CacheOptions } from './cache.ts';
import { fetchPinned } from './fetch.ts';
import { GO } from './pins.ts';
import { assets } from './project.ts';
import { which } from './which.ts';

const MODULES = ['kubernetes', 'kwok', 'liqo'] as const;

type Version = readonly [number, number];

const parse = (text: string | undefined): Version | undefined => {
  const found = /(\d+)\.(\d+)/.exec(text ?? '');
  return found ? [Number(found[1]), Number(found[2])] : undefined;
};

const below = (a: Version, b: Version): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** The lowest Go that every module accepts, as their own go.mod say. */
function needed(): Version {
  return MODULES.map(
    (name) => parse(/^go (\S+)/m.exec(fs.readFileSync(path.join(assets(name), 'go.mod'), 'utf8'))?.[1]) ?? ([1, 0] as Version),
  ).reduce((a, b) => (below(a, b) ? b : a));
}

function versionOf(go: string): Version | undefined {
  try {
    return parse(
      execFileSync(go, ['env', 'GOVERSION'], {
        encoding: 'utf8',
        env: { ...process.env, GOTOOLCHAIN: 'local' },
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    return undefined;
  }
}

/** A Go that can build the playground: REARGUARD_GO, the one on PATH, or one that is fetched; else one sentence says what to install. */
export async function findGo(options: CacheOptions): Promise<string> {
  const lowest = needed();
  const given = process.env['REARGUARD_GO'] || which('go');
  const version = given ? versionOf(given) : undefined;
  if (given && version && !below(version, lowest)) return given;
  const found = version ? `found ${version.join('.')}` : 'found none';
  options.progress(`Go ${lowest.join('.')} or newer is needed (${found}); looking for one to fetch`);
  try {
    return path.join(await fetchPinned(GO, options), 'bin/go');
  } catch (fault) {
    throw new Error(
      `Building the playground needs Go ${lowest.join('.')} or newer (${found}): install it from https://go.dev/dl and put it on PATH. (${fault instanceof Error ? fault.message : fault})`,
      { cause: fault },
    );
  }
}
