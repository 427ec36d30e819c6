/** HTTP Message Signatures (RFC 9421): what a signature covers, as the bytes that are signed. No keys and no clock; what REAR asks of a signature is in `signed-messages.ts`. */
import {
  type BareItem,
  type InnerList,
  isInnerList,
  type Item,
  parseDictionary,
  serializeInnerList,
  serializeItem,
} from 'structured-headers';
import { Fault } from '../domain/faults.ts';

/** A field of a message by its lower-case name, its lines joined by `, `; `undefined` when there is none. */
export type Field = (name: string) => string | undefined;

export interface RequestParts {
  readonly method: string;
  /** Host and port as the request names them: lower case, without its scheme's own port. */
  readonly authority: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly field: Field;
}

export interface ResponseParts {
  readonly status: number;
  readonly field: Field;
}

/** What is signed: a request, or a response and the request that it answers. */
export interface SignedParts {
  readonly request: RequestParts;
  readonly response?: ResponseParts;
}

export interface ReadSignature {
  readonly label: string;
  /** What is covered, and the parameters, in the order in which they were sent. */
  readonly input: InnerList;
  readonly bytes: Uint8Array;
}

/** Why a signature counts for nothing. The words are for people; `why` is for programs and tests. */
export const refused = (why: string, words: string): Fault => new Fault('SIGNATURE_REFUSED', words, { why });
const malformed = (words: string): Fault => refused('malformed', words);

/** A component's identifier: its name and parameters, as they stand in the signature base. */
export const component = (name: string, parameters: Readonly<Record<string, BareItem>> = {}): Item => [
  name,
  new Map(Object.entries(parameters)),
];
export const idOf = (item: Item): string => serializeItem(item);

/** Parameters of components that we know; one more would change what is covered (RFC 9421, 2.1). */
const KNOWN: ReadonlySet<string> = new Set(['req', 'key', 'name']);

const queryOf = (target: string): string => {
  const at = target.indexOf('?');
  return at < 0 ? '?' : target.slice(at);
};

function queryParameter(target: string, name: BareItem | undefined): string {
  if (typeof name !== 'string') throw malformed('a query parameter without its name');
  const found = new URLSearchParams(queryOf(target).slice(1)).getAll(decodeURIComponent(name));
  const [value, ...more] = found;
  if (value === undefined || more.length > 0) throw refused('not-there', 'the signature covers a query parameter that is not there once');
  return encodeURIComponent(value);
}

function derived(name: string, parameters: Item[1], { request, response }: SignedParts): string {
  if (name === '@status') {
    if (response === undefined || parameters.has('req')) throw malformed('a request has no status');
    return String(response.status);
  }
  if (response !== undefined && !parameters.has('req')) throw malformed(`a response has no ${name}`);
  switch (name) {
    case '@method':
      return request.method;
    case '@authority':
      return request.authority;
    case '@path':
      return request.target.split('?', 1)[0] || '/';
    case '@query':
      return queryOf(request.target);
    case '@query-param':
      return queryParameter(request.target, parameters.get('name'));
    default:
      throw refused('unknown-component', `the signature covers ${name}, which is not known here`);
  }
}

function fieldValue(name: string, parameters: Item[1], { request, response }: SignedParts): string {
  const { field } = parameters.has('req') ? request : (response ?? request);
  const value = field(name)?.trim();
  if (value === undefined) throw refused('not-there', `the signature covers ${name}, which is not there`);
  const key = parameters.get('key');
  if (key === undefined) return value;
  const member = typeof key === 'string' ? dictionary(value).get(key) : undefined;
  if (member === undefined) throw refused('not-there', `the signature covers a member of ${name} that is not there`);
  return isInnerList(member) ? serializeInnerList(member) : serializeItem(member);
}

/** The text whose bytes are signed (RFC 9421, 2.5). SIGNATURE_REFUSED when it covers what is not there, or not known. */
export function signatureBase(input: InnerList, parts: SignedParts): string {
  const [items] = input;
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const item of items) {
    const [name, parameters] = item;
    if (typeof name !== 'string' || name !== name.toLowerCase()) throw malformed('what is covered has no name in lower case');
    for (const parameter of parameters.keys()) {
      if (!KNOWN.has(parameter))
        throw refused('unknown-component', `the signature covers ${name} by ${parameter}, which is not known here`);
    }
    if (parameters.has('req') && parts.response === undefined) throw malformed('a request that is bound to a request');
    const id = idOf(item);
    if (seen.has(id)) throw malformed(`${name} is covered twice`);
    seen.add(id);
    const value = name.startsWith('@') ? derived(name, parameters, parts) : fieldValue(name, parameters, parts);
    if (/[\r\n]/.test(value)) throw malformed(`${name} has more than one line`);
    lines.push(`${id}: ${value}`);
  }
  lines.push(`"@signature-params": ${serializeInnerList(input)}`);
  return lines.join('\n');
}

function dictionary(text: string): ReturnType<typeof parseDictionary> {
  try {
    return parseDictionary(text);
  } catch {
    throw malformed('what should be a dictionary of structured fields is none');
  }
}

/** The signatures of a message, each with its input. SIGNATURE_REFUSED when they cannot be read; none is an empty list. */
export function readSignatures(field: Field): readonly ReadSignature[] {
  const [inputs, signatures] = [field('signature-input'), field('signature')];
  if (inputs === undefined && signatures === undefined) return [];
  if (inputs === undefined || signatures === undefined) throw malformed('a signature without its input, or the reverse');
  const values = dictionary(signatures);
  return [...dictionary(inputs)].map(([label, input]) => {
    const bytes = values.get(label)?.[0];
    if (!isInnerList(input) || !(bytes instanceof ArrayBuffer)) throw malformed('a signature is not as RFC 9421 has it');
    return { label, input, bytes: new Uint8Array(bytes) };
  });
}

/** The member of `Content-Digest` (RFC 9530) for that algorithm. SIGNATURE_REFUSED when the field cannot be read. */
export function readDigest(text: string, algorithm: string): Uint8Array | undefined {
  const bytes = dictionary(text).get(algorithm)?.[0];
  return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined;
}
