import net from 'node:net';
import { Writable } from 'node:stream';
import { type KubeConfig, PortForward } from '@kubernetes/client-node';
import postgres from 'postgres';

/** A port of a pod as a port of our own machine. */
export interface Way {
  readonly port: number;
  /** Why it leads nowhere, once that is known. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

/** What a Secret that was handed over says of who may come in. */
export interface Login {
  readonly way: Pick<Way, 'port' | 'trouble'>;
  readonly username: string;
  readonly password: string;
}
export type Answer = 'let in' | 'refused';

/** What a login may take, also over the API server of a cluster that is far. */
const WITHIN_MS = 20_000;

/** Of a socket that cannot be opened its library tells by an event, which is no error. */
const wordsOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

/** Listens at loopback; `forward` takes each connection to where it goes, tells what is wrong there, and answers how it is cut off. */
export async function openWay(forward: (socket: net.Socket, tell: (words: string) => void) => Promise<() => void>): Promise<Way> {
  const open = new Set<net.Socket>();
  let trouble: string | undefined;
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    const tell = (words: string): void => void (trouble = words);
    forward(socket, tell).then(
      (cut) => {
        if (socket.closed) cut();
        else socket.once('close', cut);
      },
      (error: unknown) => {
        tell(wordsOf(error));
        socket.destroy();
      },
    );
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the way has no port');
  return {
    port: address.port,
    trouble: () => trouble,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Such a way to a pod of a real cluster, through its API server. */
export async function openWayToPod(
  config: KubeConfig,
  { namespace, pod, port }: { readonly namespace: string; readonly pod: string; readonly port: number },
): Promise<Way> {
  const forwarding = new PortForward(config);
  return await openWay(async (socket, tell) => {
    const errors = new Writable({
      write(chunk: Buffer, _encoding, done) {
        // Each stream begins with the port, which is cut off: nothing is left of an error stream that has no error.
        if (chunk.length > 0) tell(chunk.toString('utf8').slice(0, 500));
        done();
      },
    });
    const opened = await forwarding.portForward(namespace, pod, [port], socket, errors, socket);
    const there = typeof opened === 'function' ? opened() : opened;
    if (there === null) throw new Error(`nothing is forwarded to ${pod}`);
    there.addEventListener('close', () => socket.destroy());
    return () => there.close();
  });
}

/** What PostgreSQL says to a password that is wrong, or to somebody whom it does not know. */
const WRONG_LOGIN = ['28P01', '28000'];

/** Whether PostgreSQL lets somebody in, and answers. What else goes wrong is thrown. */
export async function askPostgres(login: Login & { readonly database: string }, withinMs = WITHIN_MS): Promise<Answer> {
  const { way, username, password, database } = login;
  const sql = postgres({ host: '127.0.0.1', port: way.port, username, password, database, max: 1, onnotice: () => undefined });
  let timer: NodeJS.Timeout | undefined;
  // The client tries again for ever where nobody answers.
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`PostgreSQL does not answer within ${withinMs} ms: ${way.trouble() ?? 'no word'}`)),
      withinMs,
    );
  });
  const asked = sql<{ who: string }[]>`select current_user as who`.execute();
  asked.catch(() => undefined);
  try {
    const [row] = await Promise.race([asked, late]);
    if (row?.who !== username) throw new Error(`PostgreSQL takes ${username} for ${row?.who}`);
    return 'let in';
  } catch (error) {
    if (error instanceof postgres.PostgresError && WRONG_LOGIN.includes(error.code)) return 'refused';
    throw error;
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}

/** How kwok marks its nodes: no image runs there, and what is said to run does not answer. */
export const isPretended = (annotations: Readonly<Record<string, string>> | undefined): boolean =>
  annotations?.['kwok.x-k8s.io/node'] === 'fake';
