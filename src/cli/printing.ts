import { InvalidArgumentError } from 'commander';
import { amountWords, priceWords } from '../domain/money.ts';
import { type OfferTerms, describeTerms } from '../domain/offer-terms.ts';
import type { Cost } from '../domain/spending.ts';
import type { IntentStatus } from '../domain/status.ts';

/** Where a command writes; tests hand in their own. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** A whole list as the API answers it. */
export interface List<T> {
  readonly items: readonly T[];
}

/** A table that is written in pieces: columns padded to the widest cell so far; the last one is not. Nothing as long as it has no rows. */
export function openTable(head: readonly string[]): (rows: readonly (readonly string[])[]) => string {
  const widths = head.map(() => 0);
  let begun = false;
  const padded = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - [...cell].length)))
      .join('  ')
      .trimEnd();
  return (rows) => {
    if (rows.length === 0) return '';
    const lines = (begun ? rows : [head, ...rows]).map((row) => row.map((cell) => cell.replaceAll(/[\p{Cc}]/gu, ' ')));
    begun = true;
    for (const line of lines) for (const [i, cell] of line.entries()) widths[i] = Math.max(widths[i] ?? 0, [...cell].length);
    return `${lines.map(padded).join('\n')}\n`;
  };
}
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? 'none\n' : openTable(head)(rows);

/** `label: value` lines, without those that have no value. */
export function facts(pairs: readonly (readonly [string, string | undefined])[]): string {
  const given = pairs.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [[`${label}:`, value] as const]));
  const width = Math.max(0, ...given.map(([label]) => label.length));
  return given.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('');
}

/** The same value within a document, behind a margin. */
export const indented = (value: unknown, margin: string): string => JSON.stringify(value, null, 2).replaceAll('\n', `\n${margin}`);
export const json = (value: unknown): string => `${indented(value, '')}\n`;

/** A time as people read it: RFC 3339 without parts of a second. */
export const toTheSecond = (time: string): string => time.replace(/\.\d+Z$/, 'Z');
/** So many of something: `1 seal`, `2 seals`. */
export const counted = (count: number | string, what: string): string => `${count} ${what}${String(count) === '1' ? '' : 's'}`;

/** `3 s`, `5 min`, `2 h`, `4 d`: one unit is enough to a person. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A price, by the hour where it has no period. */
export const money = (price: Parameters<typeof priceWords>[0] | undefined): string => (price ? priceWords(price) : '-');
/** What something costs by the hour in all, currency by currency; `undefined` when it has no price. */
export const hourlyWords = ({ hourly, alsoHourly = [] }: Pick<IntentStatus, 'hourly' | 'alsoHourly'>): string | undefined =>
  hourly && [hourly, ...alsoHourly].map(money).join(' + ');
/** What something cost, currency by currency. */
export const costs = (of: readonly Cost[]): string =>
  of.length === 0 ? 'nothing' : of.map(({ amount, currency }) => `${amountWords(amount)} ${currency}`).join(', ');
/** What something holds of a cluster: `2 cpu, 4Gi, 1 pod`; `nothing` when it is none of all. */
export function resources(of: {
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
  readonly storage?: string | undefined;
  readonly gpu?: string | undefined;
}): string {
  const { cpu, memory, pods, storage = '0', gpu = '0' } = of;
  if ([cpu, memory, pods, storage, gpu].every((amount) => amount === '0')) return 'nothing';
  return [
    `${cpu} cpu`,
    // Without a unit of its own, bytes.
    /^\d+$/.test(memory) ? `${memory} B` : memory,
    counted(pods, 'pod'),
    ...(gpu === '0' ? [] : [counted(gpu, 'GPU')]),
  ].join(', ');
}

/** What a seller promises, term by term; those that it does not promise are left out. */
export const promises = (terms: OfferTerms | undefined): readonly (readonly [string, string])[] =>
  Object.entries(describeTerms(terms ?? {})).filter(([, words]) => words !== 'none');

/** The argument of `--limit`, and of whatever else counts. */
export function howMany(text: string): string {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return text;
}
