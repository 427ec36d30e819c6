import type { Context } from 'hono';
import { Composer, Lexer, LineCounter, Parser } from 'yaml';
import { type Problem, faultProblem, httpProblem } from './problem.ts';

/** Deeper documents than this are nobody's manifests. */
const MOST_DEPTH = 64;
/** A level of YAML puts up to three tokens on the parser's stack. */
const MOST_TOKENS = MOST_DEPTH * 4;
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
  const parsed = yaml ? fromYaml(text) : fromJson(text);
  if (parsed.ok && depthOf(parsed.value) > MOST_DEPTH) {
    return refuse(faultProblem('BAD_REQUEST', `the body is nested more than ${MOST_DEPTH} deep`));
  }
  return parsed;
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

function fromJson(text: string): Body {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return refuse(faultProblem('BAD_REQUEST', `the body is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`));
  }
}

function fromYaml(text: string): Body {
  const lines = new LineCounter();
  try {
    const composer = new Composer({ uniqueKeys: true, schema: 'core' });
    const [document, second] = composer.compose(tokensOf(text, lines), true, text.length);
    const [first] = document?.errors ?? [];
    if (first) {
      const { line, col } = lines.linePos(first.pos[0]);
      return refuse(faultProblem('BAD_REQUEST', `the body is not YAML: ${first.message} at line ${line}, column ${col}`));
    }
    if (second) return refuse(faultProblem('BAD_REQUEST', 'the body is more than one YAML document'));
    return { ok: true, value: document?.toJS({ maxAliasCount: 0 }) as unknown };
  } catch (error) {
    if (error instanceof TooDeep) return refuse(faultProblem('BAD_REQUEST', 'the body is nested too deeply'));
    return refuse(faultProblem('BAD_REQUEST', 'the body is not plain YAML: aliases are not taken'));
  }
}

class TooDeep extends Error {}

/** As the library's own parser does it, which counts no depth: its composer recurses, and holds the process for seconds before its stack ends. */
function* tokensOf(text: string, lines: LineCounter): ReturnType<Parser['parse']> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MOST_TOKENS) throw new TooDeep();
  }
  yield* parser.end();
}

function depthOf(value: unknown): number {
  let level: readonly unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= MOST_DEPTH) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    depth += 1;
  }
  return depth;
}
