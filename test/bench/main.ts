import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { measureHistory } from './history-events.ts';
import { measureIdleEvents } from './idle-events.ts';
import { measureIntentToContract } from './intent-to-contract.ts';
import { measureIntentToPod } from './intent-to-pod.ts';
import { measureInventory } from './inventory-100k.ts';
import { measureListFlavors } from './list-flavors.ts';
import { thisMachine } from './machine.ts';
import type { Measured, Measuring } from './measured.ts';
import { helpOf, readOptions } from './options.ts';
import { measureOversell } from './oversell.ts';
import { measureRefreshLatency } from './refresh-latency.ts';
import { measureReserve } from './reserve.ts';
import { measurePurchase, measureSignedPurchase } from './reserve-purchase.ts';
import { measureSignatures } from './signature-overhead.ts';
import { type Trading, openTrading } from './trading.ts';

type Target = readonly [words: string, met: (measured: Measured, others: readonly Measured[]) => boolean];
const atLeast = (least: number): Target => [`≥ ${least}`, ({ value }) => value >= least];
const atMost = (most: number): Target => [`≤ ${most}`, ({ value }) => value <= most];

/** Every figure with its target; those that a measure brings beside its own name have none of their own. */
const TARGETS: Readonly<Record<string, Target>> = {
  'intent-to-contract': ['p50 ≤ 250 ms and p99 ≤ 1000 ms', ({ p50, p99 }) => p50 <= 250 && p99 <= 1_000],
  'intent-to-pod': [
    '≤ 1.15 × liqo-floor (medians)',
    ({ value }, others) => value <= 1.15 * (others.find(({ name }) => name === 'liqo-floor')?.value ?? 0),
  ],
  'list-flavors': atLeast(1_000),
  'inventory-100k': ['p99 ≤ 20 ms', ({ p99 }) => p99 <= 20],
  reserve: atLeast(1_000),
  'signature-overhead': atMost(1.5),
  'reserve-purchase': atLeast(25),
  'reserve-purchase-signed': atLeast(15),
  oversell: ['= 0', ({ value }) => value === 0],
  'refresh-latency': ['p99 ≤ 2000 ms', ({ p99 }) => p99 <= 2_000],
  'history-events': atMost(80),
  'idle-events-per-day': atMost(20),
};

type Measure = (measuring: Measuring, trading: () => Promise<Trading>) => Promise<readonly Measured[]>;
/** What alone needs no cluster first; what shares a buyer and a seller follows, of that `inventory-100k` last: the seller's Postgres is busy with its 200,000 deleted rows for minutes. `history-events` plays on the demo's own nodes. */
const MEASURES: readonly { readonly names: readonly string[]; readonly measure: Measure }[] = [
  { names: ['idle-events-per-day'], measure: async (how) => [await measureIdleEvents(how)] },
  { names: ['oversell'], measure: async () => [await measureOversell()] },
  { names: ['reserve'], measure: async (how) => [await measureReserve(how)] },
  { names: ['intent-to-contract'], measure: async (how, trading) => await measureIntentToContract(how, await trading()) },
  { names: ['intent-to-pod', 'liqo-floor'], measure: async (how, trading) => await measureIntentToPod(how, await trading()) },
  { names: ['list-flavors'], measure: async (how, trading) => [await measureListFlavors(how, await trading())] },
  { names: ['signature-overhead'], measure: async (how, trading) => [await measureSignatures(how, await trading())] },
  { names: ['reserve-purchase'], measure: async (how, trading) => await measurePurchase(how, await trading()) },
  { names: ['reserve-purchase-signed'], measure: async (how, trading) => await measureSignedPurchase(how, await trading()) },
  { names: ['refresh-latency'], measure: async (how, trading) => [await measureRefreshLatency(how, await trading())] },
  { names: ['inventory-100k'], measure: async (how, trading) => [await measureInventory(how, await trading())] },
  { names: ['history-events'], measure: async (how) => [await measureHistory(how)] },
];

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = (value: number): string => (Number.isFinite(value) ? value.toFixed(value < 100 ? 2 : 0) : '-');
/** Where a figure was taken and whether its commits reached the disk, where it depends on that. */
const conditionsOf = ({ facts }: Measured): string =>
  facts?.['at'] ? `${facts['at']}, ${facts['durable'] ? 'durable' : 'not durable'}` : '';
const loads = (load: readonly number[]): string => load.map((each) => each.toFixed(2)).join(' ');

async function main(args: readonly string[]): Promise<number> {
  const names = MEASURES.flatMap((measure) => measure.names);
  const options = readOptions(args, names);
  if (options.help) {
    write(helpOf(names));
    return 0;
  }
  const machine = thisMachine();
  write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; load ${loads(machine.loadAtStart)}`);
  const how: Measuring = { quick: options.quick, say: (words) => write(`  ${words}`) };
  const results: Measured[] = [];
  const failed: { readonly name: string; readonly why: string }[] = [];
  let trading: Trading | undefined;
  try {
    for (const { names: mine, measure } of MEASURES) {
      if (options.only && !mine.some((name) => options.only?.includes(name))) continue;
      // The demo's own nodes need the machine for themselves.
      if (mine.includes('history-events')) {
        await trading?.stop();
        trading = undefined;
      }
      write(`${mine.join(', ')} (load ${loads(os.loadavg())})`);
      try {
        const taken = await measure(how, async () => (trading ??= await openTrading(how)));
        results.push(...taken);
        for (const { name, unit, value, p50, p99 } of taken)
          write(`  ${name}: ${shown(value)} ${unit}, p50 ${shown(p50)} ms, p99 ${shown(p99)} ms`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        for (const name of mine) failed.push({ name, why });
        write(`  not measured: ${why}`);
      }
    }
  } finally {
    await trading?.stop();
  }
  const judged = results.map((result) => {
    const target = TARGETS[result.name];
    return { ...result, ...(target && { target: target[0], met: target[1](result, results) }) };
  });
  for (const result of judged) {
    const { name, unit, value, p50, p99, ...rest } = result;
    const verdict = 'target' in rest ? `${rest.met ? 'met' : 'MISSED'} (${rest.target})` : '';
    write(
      `${name.padEnd(26)}${shown(value).padStart(10)} ${unit.padEnd(40)} p50 ${shown(p50)}  p99 ${shown(p99)}  ${conditionsOf(result).padEnd(15)} ${verdict}`,
    );
  }
  const loadAtEnd = os.loadavg();
  write(`load at the end ${loads(loadAtEnd)}${options.quick ? '; --quick: not to be quoted' : ''}`);
  if (options.json !== undefined) {
    const file = path.resolve(options.json);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const report = { results: judged, failed, quick: options.quick, machine: { ...machine, loadAtEnd } };
    fs.writeFileSync(`${file}.part`, `${JSON.stringify(report, undefined, 2)}\n`);
    fs.renameSync(`${file}.part`, file);
  }
  if (failed.length > 0) return 1;
  return !options.quick && judged.some((result) => 'met' in result && !result.met) ? 3 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
