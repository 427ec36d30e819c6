import fs from 'node:fs';
import path from 'node:path';
import { fetchPinned } from './fetch.ts';
import { type Guardian, WITH_ROOM, minimalEnv } from './guardian-client.ts';
import { TEMPORAL, TEMPORAL_BINARY_SHA256, TEMPORAL_TEST_SERVER, TEST_SERVER_BINARY_SHA256 } from './pins.ts';
import { alone, withGuardian } from './state.ts';
import { waitFor } from './wait.ts';
import { which } from './which.ts';

export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

export interface TemporalOptions {
  /** Kept in a file there; without it the server forgets everything when it ends. */
  readonly stateDir?: string;
  readonly progress?: (line: string) => void;
  /** Registered in the namespaces that exist at the start: `default` and those named here. */
  readonly searchAttributes?: Readonly<Record<string, SearchAttributeType>>;
  readonly namespaces?: readonly string[];
  /** Dynamic configuration besides {@link SETTINGS}. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface RunningTemporal {
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
}

/**
 * One shard is read at most 20 times a second by default, which costs 50 ms a workflow task: six activities in a row 350 ms, 79 ms with these. Timers tick at
 * about a second otherwise.
 */
const SETTINGS = {
  'history.transferProcessorMaxPollRPS': 5000,
  'history.timerProcessorMaxPollRPS': 5000,
  'history.visibilityProcessorMaxPollRPS': 5000,
  'history.timerProcessorMaxTimeShift': '"50ms"',
};

/** The dev server's program: REARGUARD_TEMPORAL, the one on PATH, or the pinned one, fetched once. */
async function findTemporal(guardian: Guardian, progress: (line: string) => void): Promise<string> {
  return (
    process.env['REARGUARD_TEMPORAL'] ||
    which('temporal') ||
    (await fetchPinned(TEMPORAL, { guardian, progress }, { artifact: 'cli', sha256: TEMPORAL_BINARY_SHA256 }))
  );
}

/** Starts the dev server under a guardian that exists; `file` keeps its data. */
export async function runTemporal(guardian: Guardian, file: string | undefined, options: TemporalOptions): Promise<RunningTemporal> {
  const progress = options.progress ?? (() => undefined);
  const program = await findTemporal(guardian, progress);
  const dir = path.join(guardian.stateDir, 'temporal');
  fs.mkdirSync(path.join(dir, 'tmp'), { recursive: true, mode: 0o700 });
  const base = await guardian.claim('temporal');
  const [port, http, metrics, ui] = [base + 1, base + 2, base + 3, base + 4];
  const kept =
    file === undefined ? [] : ['--db-filename', file, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
  const args = [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    '--ui-ip=127.0.0.1',
    '--log-level=warn',
    ...['--port', port, '--http-port', http, '--metrics-port', metrics, '--ui-port', ui].map(String),
    ...kept,
    ...(options.namespaces ?? []).flatMap((name) => ['--namespace', name]),
    ...Object.entries(options.searchAttributes ?? {}).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...Object.entries({ ...SETTINGS, ...options.settings }).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
  ];
  const log = path.join(guardian.stateDir, 'logs/temporal.log');
  const pid = await guardian.start({ key: 'temporal', command: program, args, env: minimalEnv(dir, WITH_ROOM), log, stop: 'SIGTERM' });
  await waitFor(
    `Temporal (see ${log})`,
    60,
    async () => (await fetch(`http://127.0.0.1:${http}/api/v1/namespaces/default`, { signal: AbortSignal.timeout(2000) })).ok,
    () => guardian.ended('temporal'),
  );
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${ui}`, pid };
}

/** A Temporal dev server alone, for tests of sagas; it ends with this process at the latest. @internal */
export async function startTemporal(options: TemporalOptions = {}): Promise<RunningTemporal & { stop(): Promise<void> }> {
  return await alone(options.stateDir, async (guardian) => {
    return await runTemporal(
      guardian,
      options.stateDir === undefined ? undefined : path.join(guardian.stateDir, 'temporal/temporal.db'),
      options,
    );
  });
}

/** The program of the server that skips time, fetched once, for measuring. @internal */
export async function testServerPath(progress: (line: string) => void = () => undefined): Promise<string> {
  return await withGuardian(async (guardian) => {
    return await fetchPinned(
      TEMPORAL_TEST_SERVER,
      { guardian, progress },
      { artifact: 'temporal-test-server', sha256: TEST_SERVER_BINARY_SHA256 },
    );
  });
}
