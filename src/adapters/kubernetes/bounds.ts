import type { IncomingMessage } from 'node:http';

/** How much of an API server's answers is taken. What goes past it counts as no answer. */
export interface Bounds {
  /** Objects that one page is asked for, and pages and objects that one collection may have. */
  readonly pageSize: number;
  readonly pages: number;
  readonly objects: number;
  /** Bytes of one answer, of a whole watch, and of one of its lines. */
  readonly answerBytes: number;
  readonly watchBytes: number;
  readonly lineBytes: number;
  /** Milliseconds from the request to the end of its answer, of a whole list, and of a watch; a server that trickles is silent at no time. */
  readonly answerMs: number;
  readonly listMs: number;
  readonly watchMs: number;
}

const MIB = 2 ** 20;

/** Our own API server: it is trusted, and yet no mistake of it shall end the process. */
export const OWN_BOUNDS: Bounds = {
  pageSize: 500,
  pages: 2_000,
  objects: 1_000_000,
  answerBytes: 64 * MIB,
  watchBytes: Number.MAX_SAFE_INTEGER,
  lineBytes: 16 * MIB,
  answerMs: 120_000,
  listMs: 600_000,
  watchMs: 600_000,
};

/** A seller's: we read the pods of one workload there. etcd takes objects of 1.5 MiB at most; a pod has about 10 KiB. A look at the workload has 15 s in all. */
export const FOREIGN_BOUNDS: Bounds = {
  pageSize: 100,
  pages: 60,
  objects: 5_000,
  answerBytes: 8 * MIB,
  watchBytes: 32 * MIB,
  lineBytes: 2 * MIB,
  answerMs: 8_000,
  listMs: 8_000,
  watchMs: 300_000,
};

/** What an API server sent is more than we take, or not what it must be. */
export class Unbelievable extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Unbelievable';
  }
}

/** The whole answer as JSON; what is none becomes a message. */
export async function readAnswer(answer: IncomingMessage, { answerBytes }: Bounds): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > answerBytes) throw new Unbelievable(`the answer is larger than ${answerBytes} bytes`);
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}

/** A watch line by line. `readline` would collect an endless line for as long as it comes. */
export async function* linesOf(answer: IncomingMessage, { lineBytes, watchBytes }: Bounds): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let length = 0;
  let total = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > watchBytes) throw new Unbelievable(`the watch is larger than ${watchBytes} bytes`);
    let from = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, from)) {
      const line = Buffer.concat([...begun, part.subarray(from, end)]);
      begun = [];
      length = 0;
      from = end + 1;
      if (line.length > lineBytes) throw new Unbelievable(`a line of the watch is longer than ${lineBytes} bytes`);
      if (line.length > 0) yield line.toString('utf8');
    }
    begun.push(part.subarray(from));
    length += part.length - from;
    if (length > lineBytes) throw new Unbelievable(`a line of the watch is longer than ${lineBytes} bytes`);
  }
}

/** A signal for a call that has both its own end and somebody who may end it sooner. */
export const endingWithin = (ms: number, signal?: AbortSignal): AbortSignal =>
  signal ? AbortSignal.any([signal, AbortSignal.timeout(ms)]) : AbortSignal.timeout(ms);
