/** The hello by which the hosting suite asks a message queue on a user's cluster, against a server that speaks as much of AMQP 0-9-1. */
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { askRabbit } from '../fabric/amqp.ts';

const frame = (...payload: readonly number[]): Buffer => Buffer.from([1, 0, 0, 0, 0, 0, payload.length, ...payload, 0xce]);
const START = frame(0, 10, 0, 10, 0, 9, 0, 0, 0, 0, 0, 0, 0, 5, ...Buffer.from('PLAIN'), 0, 0, 0, 5, ...Buffer.from('en_US'));
const TUNE = frame(0, 10, 0, 30, 0, 0, 0, 0, 0, 0, 0, 60);
const REFUSED = frame(0, 10, 0, 50, 403 >> 8, 403 & 0xff, 0, 0, 0, 0, 0);

let server: net.Server | undefined;
afterEach(() => void server?.close());
/** Says hello byte by byte, reads the login, and answers. */
async function queue(answer: (login: string, socket: net.Socket) => void, hello: Buffer = START): Promise<number> {
  const listening = net.createServer((socket) => {
    socket.on('error', () => undefined);
    let asked = 0;
    socket.on('data', (data) => {
      asked += 1;
      if (asked > 1) return answer(data.toString('latin1'), socket);
      if (data.toString('latin1') !== 'AMQP\u0000\u0000\u0009\u0001') return void socket.end();
      if (hello.length === 0) return void socket.end();
      for (const byte of hello) socket.write(Buffer.from([byte]));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => void listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as net.AddressInfo).port;
}
const ask = async (port: number, password = 'right') =>
  await askRabbit({ way: { port, trouble: () => undefined }, username: 'me', password });
const judge = (login: string, socket: net.Socket): void => void socket.write(login.includes('\0me\0right') ? TUNE : REFUSED);

test('whom it knows is let in, whom it does not is refused', async () => {
  const port = await queue(judge);
  expect(await ask(port)).toBe('let in');
  expect(await ask(port, 'wrong')).toBe('refused');
});
test('who is only cut off was refused', async () => {
  expect(await ask(await queue((_login, socket) => void socket.end()))).toBe('refused');
});
test.each([
  ['hangs up at once', Buffer.alloc(0)],
  ['speaks something else', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['begins with the end', REFUSED],
])('who %s is no queue', async (_what, hello) => {
  await expect(ask(await queue(judge, hello))).rejects.toThrow();
});
