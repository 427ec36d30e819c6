import os from 'node:os';
import { endGuardians } from '../playground/guardian-client.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Where the demo speaks: nothing more is said once it was interrupted, since what is then ended under its hands would only puzzle. */
export interface Voice {
  out(text: string): void;
  err(text: string): void;
}

/**
 * Ends this process and everything that it started at Ctrl-C or SIGTERM, in whatever it is: it says one sentence at once, and is gone when all the others
 * are, with the exit code that shells expect (130, 143). Whoever asks a second time does not wait.
 */
export function endAtSignals(sentence: () => string): Voice {
  let interrupted = false;
  const end = async (name: (typeof SIGNALS)[number]): Promise<void> => {
    const code = 128 + os.constants.signals[name];
    if (interrupted) process.exit(code);
    interrupted = true;
    for (const event of ['unhandledRejection', 'uncaughtException'] as const) process.on(event, () => undefined);
    process.stderr.write(`\n${name}: ${sentence()}\n`);
    await endGuardians();
    process.exit(code);
  };
  for (const name of SIGNALS) process.on(name, () => void end(name));
  const unless = (stream: NodeJS.WriteStream) => (text: string) => void (interrupted || stream.write(text));
  return { out: unless(process.stdout), err: unless(process.stderr) };
}
