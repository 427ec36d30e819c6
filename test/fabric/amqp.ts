import net from 'node:net';
import type { Answer, Login } from '../../deploy/demo/connecting.ts';

/** AMQP 0-9-1: `AMQP`, 0, and the version. */
const HELLO = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
const [METHOD, END] = [1, 0xce];
/** Class connection, by its methods. */
const [CONNECTION, START, START_OK, TUNE, CLOSE] = [10, 10, 11, 30, 50];
const ACCESS_REFUSED = 403;
const LONGEST = 1 << 20;

const uint16 = (...values: readonly number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
const long = (text: Buffer): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(text.length);
  return Buffer.concat([size, text]);
};
const short = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const frame = (payload: Buffer): Buffer => Buffer.concat([Buffer.from([METHOD, 0, 0]), long(payload), Buffer.from([END])]);

const startOk = ({ username, password }: Login): Buffer =>
  frame(
    Buffer.concat([
      uint16(CONNECTION, START_OK),
      long(Buffer.alloc(0)),
      short('PLAIN'),
      long(Buffer.from(`\0${username}\0${password}`)),
      short('en_US'),
    ]),
  );

/** Whether a message queue lets somebody in: as far as the server's `tune`, which comes after the login. What else goes wrong is thrown. */
export async function askRabbit(login: Login): Promise<Answer> {
  const socket = net.connect(login.way.port, '127.0.0.1');
  socket.setTimeout(20_000, () => socket.destroy(new Error('the queue says nothing')));
  let greeted = false;
  let rest = Buffer.alloc(0);
  socket.write(HELLO);
  try {
    for await (const chunk of socket) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      for (;;) {
        if (rest.length < 7) break;
        const size = rest.readUInt32BE(3);
        if (rest[0] !== METHOD || size < 4 || size > LONGEST) throw new Error('this is no AMQP 0-9-1');
        if (rest.length < size + 8) break;
        if (rest[size + 7] !== END) throw new Error('this is no AMQP 0-9-1');
        const [classId, method] = [rest.readUInt16BE(7), rest.readUInt16BE(9)];
        if (classId !== CONNECTION) throw new Error(`the queue answers with class ${classId}`);
        if (method === TUNE && greeted) return 'let in';
        if (method === CLOSE && greeted && rest.readUInt16BE(11) === ACCESS_REFUSED) return 'refused';
        if (method !== START || greeted) throw new Error(`the queue answers with method ${method}`);
        greeted = true;
        rest = rest.subarray(size + 8);
        socket.write(startOk(login));
      }
    }
  } finally {
    socket.destroy();
  }
  // Who does not say that it wants to be told is only cut off.
  if (greeted) return 'refused';
  throw new Error(`the queue hung up before it said a word: ${login.way.trouble() ?? 'no word'}`);
}
