import type { Context } from 'hono';
import { readDocument } from '../../documents/reading.ts';
import { type Problem, faultProblem, httpProblem } from './problem.ts';

const JSON_TYPES = /^application\/(json|[\w.+-]+\+json)$/;
const YAML_TYPES = /^(application|text)\/(x-)?yaml$|^application\/[\w.+-]+\+yaml$/;

export type Body = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: Problem };
const refuse = (problem: Problem): Body => ({ ok: false, problem });

/**
 * Reads a body of at most `limitBytes` as JSON or YAML (aliases off, depth limited); an empty one is `{}` where none is required. Never throws for what the
 * client sent.
 */
export async function readBody(
  context: Context,
  { limitBytes, required }: { readonly limitBytes: number; readonly required: boolean },
): Promise<Body> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await limited(context, limitBytes);
  } catch {
    return refuse(faultProblem('BAD_REQUEST', 'the body did not arrive whole')); // its sender went away
  }
  if (!bytes) return refuse(faultProblem('TOO_LARGE', `the body is larger than ${limitBytes} bytes`, { limitBytes }));
  if (bytes.byteLength === 0) return required ? refuse(faultProblem('BAD_REQUEST', 'the body is empty')) : { ok: true, value: {} };
  const type = (context.req.header('content-type') ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  const yaml = YAML_TYPES.test(type);
  if (!yaml && !JSON_TYPES.test(type)) {
    return refuse(httpProblem(415, `content type ${type.slice(0, 60)} is not taken; send application/json or application/yaml`));
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(faultProblem('BAD_REQUEST', 'the body is not UTF-8'));
  }
  const read = readDocument(text, yaml ? 'yaml' : 'json');
  return read.ok ? read : refuse(faultProblem('BAD_REQUEST', `the body ${read.problem}`));
}

async function limited(context: Context, limitBytes: number): Promise<Uint8Array | undefined> {
  if (Number(context.req.header('content-length') ?? 0) > limitBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
