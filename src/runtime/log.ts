import { DefaultLogger, type Logger as TemporalLogger } from '@temporalio/worker';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { currentIds, idsOfWorkflow } from './log-ids.ts';

/** JSON lines on standard output; whatever looks like a secret is cut out. What an activity causes says whose it is: see log-ids.ts. */
export const openLog = (level: string, node: string, destination?: DestinationStream): Logger => {
  const options: LoggerOptions = {
    level,
    base: { node, pid: process.pid },
    mixin: () => ({ ...currentIds() }),
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['kubeconfig', '*.kubeconfig', 'token', '*.token', 'apiKey', '*.apiKey', 'password', '*.password'], censor: '(cut)' },
  };
  return destination ? pino(options, destination) : pino(options);
};

const LEVELS: Readonly<Record<string, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
/** What the SDK warns of at each start of a healthy node: the workers of undoing and observing have activities alone, on purpose. */
const MEANT: ReadonlySet<string> = new Set(['No workflows registered, not polling for workflow tasks']);
const KEPT = ['workflowId', 'workflowType', 'activityType', 'activityId', 'attempt', 'taskQueue', 'runId', 'state'] as const;

/** What the Temporal SDK says, in our log: with the intent, acquisition or contract that a workflow id names. */
export const temporalLog = (log: Logger): TemporalLogger =>
  new DefaultLogger('INFO', ({ level, message, meta }) => {
    const facts = Object.fromEntries(KEPT.flatMap((name) => (meta?.[name] === undefined ? [] : [[name, String(meta[name])]])));
    const error: unknown = meta?.['error'];
    const words =
      error instanceof Error ? { error: { type: 'type' in error ? String(error.type) : error.name, message: error.message } } : {};
    log[MEANT.has(message) ? 'debug' : (LEVELS[level] ?? 'info')]({ ...facts, ...idsOfWorkflow(facts['workflowId']), ...words }, message);
  });
