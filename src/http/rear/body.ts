import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { firstJson, JsonFault } from '../../rear/json.ts';
import { firstIssue } from '../../rear/reading.ts';
import { type Refusal, refuse } from './answers.ts';

export interface BodyBounds {
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
}

/** The whole body, bounded in size and in time, straight from the socket: nothing is kept of what is too large. */
function readBytes(incoming: IncomingMessage, { bodyLimitBytes, bodyTimeoutMs }: BodyBounds): Promise<Buffer> {
  const tooLarge = (): Refusal => refuse(413, 'TOO_LARGE', `Error: the body is larger than ${bodyLimitBytes} bytes`);
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > bodyLimitBytes) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      end();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > bodyLimitBytes) settle(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const onBroken = (): void => settle(() => reject(refuse(400, 'BAD_REQUEST', 'unexpected EOF')));
    const timer = setTimeout(
      () => settle(() => reject(refuse(408, 'BAD_REQUEST', 'Error: the body did not arrive in time'))),
      bodyTimeoutMs,
    );
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/** Reads a body by its schema, and as the bytes that arrived. 400 in the words of Go's decoder when it is not JSON, or not of the right types. */
export async function readBody<T extends z.ZodType>(
  schema: T,
  incoming: IncomingMessage,
  bounds: BodyBounds,
): Promise<{ readonly data: z.output<T>; readonly bytes: Uint8Array }> {
  const bytes = await readBytes(incoming, bounds);
  let value: unknown;
  try {
    value = firstJson(bytes.toString('utf8'));
  } catch (error) {
    throw refuse(400, 'BAD_REQUEST', error instanceof JsonFault ? error.message : 'invalid JSON');
  }
  const read = schema.safeParse(value);
  if (!read.success) throw refuse(400, 'BAD_REQUEST', `json: cannot unmarshal ${firstIssue(read.error)}`);
  return { data: read.data, bytes };
}
