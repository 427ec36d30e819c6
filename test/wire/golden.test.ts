/**
 * Golden pairs, found by glob: `<case>.exact.wire` is read to `<case>.exact.json` and written back to the byte; `<case>.loose.wire` is read only;
 * `<case>.refused.wire` fails with the words of `<case>.refused.txt`. Adding a case is adding files; `UPDATE_GOLDEN=1` writes the second one.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { flavorId } from '../../src/domain/ids.ts';
import { readContract, writeContract } from '../../src/rear/contract.ts';
import { readHandover, writeHandover } from '../../src/rear/extensions.ts';
import { readFlavors, writeFlavor } from '../../src/rear/flavor.ts';
import { encode, firstJson } from '../../src/rear/json.ts';
import { firstIssue } from '../../src/rear/reading.ts';
import {
  blueprintOf,
  readPart,
  readServiceConfiguration,
  readTransaction,
  reservation,
  writeReservation,
  writeTransaction,
} from '../../src/rear/reservation.ts';
import { parseSliceSelector, writeSliceSelector } from '../../src/rear/selector.ts';

interface Codec {
  readonly read: (wire: string) => unknown;
  readonly write: (read: never) => string;
}

const readReservation = (wire: string) => {
  const { flavorID, buyerID, configuration } = reservation.parse(firstJson(wire));
  const kind = blueprintOf(configuration?.type ?? '');
  const parties = { flavor: flavorID, buyer: buyerID };
  if (kind === undefined) return { ...parties, ...readPart(configuration?.data) };
  const { hostingPolicy, configuration: wanted } = readServiceConfiguration(configuration?.data);
  return { ...parties, kind, service: { ...(hostingPolicy && { hostingPolicy }), configuration: wanted } };
};
/** What the codec of a transaction is given besides: its request. */
const REQUEST = readReservation(readFileSync(join(import.meta.dirname, 'golden/reservation/part.exact.wire'), 'utf8'));

const CODECS: Readonly<Record<string, Codec>> = {
  flavors: {
    read: (wire) => readFlavors(firstJson(wire)),
    write: ({ flavors }: ReturnType<typeof readFlavors>) => encode(flavors.map(writeFlavor)),
  },
  reservation: { read: readReservation, write: (read: ReturnType<typeof readReservation>) => encode(writeReservation(read)) },
  transaction: {
    read: (wire) => readTransaction(firstJson(wire), { flavor: flavorId('asked.example-1') }),
    write: (transaction: ReturnType<typeof readTransaction>) =>
      encode(
        writeTransaction({
          transaction,
          buyer: REQUEST.buyer,
          configuration: { type: 'k8slice', data: { cpu: '2', memory: '4Gi', pods: '30' } },
        }),
      ),
  },
  contract: {
    read: (wire) => readContract(firstJson(wire), { receivedAt: '2026-03-04T05:10:00.000Z' }),
    write: ({ terms, credentials }: ReturnType<typeof readContract>) => encode(writeContract(terms, credentials)),
  },
  handover: {
    read: (wire) => readHandover(firstJson(wire)),
    write: (handover: ReturnType<typeof readHandover>) => encode(writeHandover(handover)),
  },
  selector: { read: parseSliceSelector, write: writeSliceSelector },
};

/** With a key `__proto__` in every object; as text, since such a key is lost when a value is written like any other. */
const spoilt = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(spoilt).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const own = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${spoilt(each)}`);
  return `{${['"__proto__":{"polluted":true,"name":"x","flavorID":"x"}', ...own].join(',')}}`;
};
/** What is kept of objects of somebody else's making keeps the key, and its own prototype. */
const unspoilt = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unspoilt);
  if (typeof value !== 'object' || value === null) return value;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== '__proto__')
      .map(([key, each]) => [key, unspoilt(each)]),
  );
};

const ROOT = join(import.meta.dirname, 'golden');
const update = process.env['UPDATE_GOLDEN'] !== undefined;

function stored(path: string, actual: string): string {
  if (update || !existsSync(path)) {
    if (!update) throw new Error(`${path} is missing: UPDATE_GOLDEN=1 writes it`);
    writeFileSync(path, actual);
  }
  return readFileSync(path, 'utf8');
}

function wordsOf(read: () => unknown): string {
  try {
    read();
    return 'it was read';
  } catch (error) {
    return error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message : 'unknown';
  }
}

describe.each(Object.entries(CODECS))('golden %s', (kind, codec) => {
  const cases = readdirSync(join(ROOT, kind))
    .filter((file) => file.endsWith('.wire'))
    .map((file) => file.slice(0, -'.wire'.length));
  test.each(cases)('%s', (name) => {
    const path = join(ROOT, kind, name);
    const wire = readFileSync(`${path}.wire`, 'utf8').replace(/\n$/, '');
    if (name.endsWith('.refused')) {
      expect(`${wordsOf(() => codec.read(wire))}\n`).toBe(stored(`${path}.txt`, `${wordsOf(() => codec.read(wire))}\n`));
      return;
    }
    const read = codec.read(wire);
    const domain = `${JSON.stringify(read, undefined, 2)}\n`;
    expect(JSON.parse(domain)).toEqual(JSON.parse(stored(`${path}.json`, domain)));
    if (name.endsWith('.exact')) expect(codec.write(read as never)).toBe(wire);
  });
  test.each(cases.filter((name) => kind !== 'selector' && name.endsWith('.exact')))('%s, with a key __proto__ everywhere', (name) => {
    const wire = readFileSync(join(ROOT, kind, `${name}.wire`), 'utf8');
    const read = JSON.parse(JSON.stringify(codec.read(spoilt(firstJson(wire))))) as unknown;
    expect(unspoilt(read)).toEqual(JSON.parse(readFileSync(join(ROOT, kind, `${name}.json`), 'utf8')));
    expect(({} as { readonly polluted?: boolean }).polluted).toBeUndefined();
  });
});
