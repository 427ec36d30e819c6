/** IP addresses as numbers, and as each is written one way. */

/** An IP address as a number of so many bits. */
export interface Bits {
  readonly width: 32 | 128;
  readonly value: bigint;
}

function bitsOf4(text: string): Bits | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split('.').map(Number);
  return parts.every((part) => part < 256) ? { width: 32, value: parts.reduce((all, part) => (all << 8n) | BigInt(part), 0n) } : undefined;
}

function bitsOf6(text: string): Bits | undefined {
  const tail = /[\d.]+$/.exec(text)?.[0] ?? '';
  const four = bitsOf4(tail);
  const hex =
    four === undefined ? text : `${text.slice(0, -tail.length)}${(four.value >> 16n).toString(16)}:${(four.value & 0xffffn).toString(16)}`;
  const [head = '', rest, more] = hex.split('::').map((half) => (half === '' ? [] : half.split(':')));
  if (more !== undefined || head === '') return undefined;
  const missing = 8 - head.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(rest ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { width: 128, value: groups.reduce((all, group) => (all << 16n) | BigInt(`0x${group}`), 0n) };
}

/** Reads an address without brackets; `undefined` when it is none, a name for one. */
export const bitsOf = (text: string): Bits | undefined => (text.includes(':') ? bitsOf6(text) : bitsOf4(text));

const dotted = (value: bigint): string => [24n, 16n, 8n, 0n].map((by) => String((value >> by) & 0xffn)).join('.');

/** RFC 5952: the longest row of zeros, the first of several, is left out. */
function colons(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, n) => ((value >> BigInt(16 * (7 - n))) & 0xffffn).toString(16));
  let [from, most] = [0, 0];
  for (let at = 0; at < 8; at += 1) {
    let row = 0;
    while (groups[at + row] === '0') row += 1;
    if (row > most) [from, most] = [at, row];
  }
  return most < 2 ? groups.join(':') : `${groups.slice(0, from).join(':')}::${groups.slice(from + most).join(':')}`;
}

/** `127.1`, `0x7f000001` and `017700000001` as every dialler reads them (WHATWG URL, 3.5: the host parser). */
function looseBits4(host: string): Bits | undefined {
  const parts = host.split('.');
  if (parts.length > 4 || !/^(?:\d+|0x[0-9a-f]*)$/.test(parts.at(-1) ?? '')) return undefined;
  const numbers = parts.map((part) => {
    if (/^0x[0-9a-f]*$/.test(part)) return BigInt(part === '0x' ? 0 : part);
    if (/^0[0-7]+$/.test(part)) return BigInt(`0o${part.slice(1)}`);
    return /^(?:0|[1-9]\d*)$/.test(part) ? BigInt(part) : -1n;
  });
  const last = numbers.pop() ?? -1n;
  if (last < 0n || last >= 256n ** BigInt(4 - numbers.length) || numbers.some((part) => part < 0n || part > 255n)) return undefined;
  return { width: 32, value: numbers.reduce((all, part, n) => all + part * 256n ** BigInt(3 - n), last) };
}

/** A host in the one way in which it is compared: without brackets, in lower case, a name without the dot of the root, an address as RFC 5952 has it, IPv4 that is mapped into IPv6 as itself. */
export function canonicalHost(host: string): string {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/(?<=[^.])\.$/, '');
  const bits = name.includes(':') ? bitsOf(name) : looseBits4(name);
  if (bits === undefined) return name;
  if (bits.width === 32) return dotted(bits.value);
  return bits.value >> 32n === 0xffffn ? dotted(bits.value & 0xffffffffn) : colons(bits.value);
}
