import { Composer, Lexer, LineCounter, Parser } from 'yaml';

/** Deeper documents than this are nobody's manifests. */
const MOST_DEPTH = 64;
/** A level of YAML puts up to three tokens on the parser's stack. */
const MOST_TOKENS = MOST_DEPTH * 4;

/** What a text says, or what is wrong with it, in words that follow its name: `is not JSON: …`. */
export type Reading = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };
const refuse = (problem: string): Reading => ({ ok: false, problem });

/** Reads JSON, or one plain YAML document (aliases off, depth limited): here and at the command line, so that both take the same. Never throws for what the text says. */
export function readDocument(text: string, language: 'json' | 'yaml'): Reading {
  const read = language === 'yaml' ? fromYaml(text) : fromJson(text);
  return read.ok && depthOf(read.value) > MOST_DEPTH ? refuse(`is nested more than ${MOST_DEPTH} deep`) : read;
}

/** Not by its first letter: YAML, too, may begin with a brace. */
export const languageOf = (text: string): 'json' | 'yaml' => (fromJson(text).ok ? 'json' : 'yaml');

function fromJson(text: string): Reading {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return refuse(`is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function fromYaml(text: string): Reading {
  const lines = new LineCounter();
  try {
    const composer = new Composer({ uniqueKeys: true, schema: 'core' });
    const [document, second] = composer.compose(tokensOf(text, lines), true, text.length);
    const [first] = document?.errors ?? [];
    if (first) {
      const { line, col } = lines.linePos(first.pos[0]);
      return refuse(`is not YAML: ${first.message} at line ${line}, column ${col}`);
    }
    if (second) return refuse('is more than one YAML document');
    if (!document?.contents) return refuse('is empty');
    return { ok: true, value: document?.toJS({ maxAliasCount: 0 }) as unknown };
  } catch (error) {
    if (error instanceof TooDeep) return refuse('is nested too deeply');
    return refuse('is not plain YAML: aliases are not taken');
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
