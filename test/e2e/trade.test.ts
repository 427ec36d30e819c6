import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { inspect, leaksBetween } from '../../deploy/demo/leak-report.ts';
import { play } from '../../deploy/demo/play.ts';
import { SCENARIOS } from '../../deploy/demo/scenarios/all.ts';
import type { Scenario } from '../../deploy/demo/scenarios/scenario.ts';
import { openTelling } from '../../deploy/demo/telling.ts';
import { type World, startWorld } from '../../deploy/demo/world.ts';
import { projectRoot } from '../../deploy/playground/project.ts';
import '../saga/quiet-runtime.ts';
import { openReplay } from '../saga/replaying.ts';
import { type Between, standBetween } from './between.ts';
import { expectedAt, plant, weed } from './planted.ts';
import { rows } from './rows.ts';

/** One stack of three nodes for everything in here: the demo's own scenarios, rows of the saga table, and planted leaks. */
let world: World;
let between: Between;
const said: string[] = [];
/** Against the bundle that the nodes work with. */
const replay = openReplay(path.join(projectRoot(), 'dist/workflow-bundle.js'));

beforeAll(async () => {
  const telling = openTelling({ isTTY: false, write: (text) => said.push(text) });
  try {
    world = await startWorld({
      telling,
      async between(name, rear) {
        if (name !== 'north') return undefined;
        between = await standBetween(rear);
        return between.address;
      },
    });
  } catch (error) {
    console.error(said.join(''));
    throw error;
  }
});
afterAll(async () => {
  await world?.stop();
  await between?.stop();
});
beforeEach(() => {
  said.length = 0;
  onTestFailed(() => console.error(said.join('')));
});

const fulfils = async (scenario: Scenario): Promise<void> => {
  const { outcome, detail, leaks, steps } = await play(world, scenario);
  expect({ outcome, detail, leaks }).toEqual({ outcome: 'fulfilled', detail: undefined, leaks: [] });
  expect(steps.filter((step) => step.outcome === 'running')).toEqual([]);
  for (const { name, temporal } of world.nodes) {
    const { failed, replayed } = await replay(temporal);
    expect({ name, failed }).toEqual({ name, failed: [] });
    if (name === 'south') expect(replayed).toBeGreaterThan(0);
  }
};

describe('the scenarios of the demo', () => {
  it.each(SCENARIOS)('$key: $title', async (scenario) => {
    await fulfils(scenario);
    // On clusters that run images the same scenario connects: own-clusters.test.ts takes a user's.
    if (scenario.key === 'f')
      expect(said.join('').replaceAll(/\s+/g, ' ')).toMatch(/no image runs at \w+, whose nodes are kwok's: nobody connects/);
  });
});

describe('rows of the saga table', () => {
  it.each(rows(() => between))('$title', fulfils);
});

describe('the leak report', () => {
  it.each(['south', 'north'] as const)('shows one planted leak of every kind at %s, and nothing once they are weeded', async (name) => {
    const node = world.node(name);
    const before = await inspect(world.nodes);
    await plant(node);
    const leaks = leaksBetween(before, await inspect(world.nodes));
    await weed(node);
    expect(expectedAt(node).filter((expected) => !leaks.some((leak) => leak.startsWith(expected)))).toEqual([]);
    expect(leaks.filter((leak) => !leak.startsWith(`${name}: `))).toEqual([]);
    await expect.poll(async () => leaksBetween(before, await inspect(world.nodes)), { timeout: 60_000, interval: 500 }).toEqual([]);
  });
});
