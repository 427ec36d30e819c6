import net from 'node:net';

/** Ports of one block; the first is held by the guardian as long as it lives, so that no other stack takes a port of a process that is down. */
const BLOCK = 128;
/** Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing connections: one of those could sit on a port of ours. */
const LOWEST = 20_096;
const HIGHEST = 32_640;

const listen = (port: number, host: string): Promise<net.Server | undefined> =>
  new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });

const close = (server: net.Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

/** Whether nobody listens on a port, on any address of this machine. */
export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port, '0.0.0.0');
  if (server) await close(server);
  return server !== undefined;
}

/** Takes a block in which every port is free, `preferred` when possible: what was told a port before a restart finds it there again. */
export async function claimBlock(preferred?: number): Promise<{ base: number; held: net.Server }> {
  const blocks = Math.floor((HIGHEST - LOWEST) / BLOCK);
  const first = Math.floor(Math.random() * blocks);
  const candidates = Array.from({ length: blocks }, (_, i) => LOWEST + ((first + i) % blocks) * BLOCK);
  for (const base of preferred === undefined ? candidates : [preferred, ...candidates]) {
    const held = await listen(base, '127.0.0.1');
    if (!held) continue;
    const rest = await Promise.all(Array.from({ length: BLOCK - 1 }, (_, i) => isFree(base + 1 + i)));
    if (rest.every(Boolean)) return { base, held };
    await close(held);
  }
  throw new Error(`no ${BLOCK} free ports in a row between ${LOWEST} and ${HIGHEST}`);
}
