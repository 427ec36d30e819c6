import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Progress, type Step, openSaga } from '../../src/domain/saga.ts';

interface Facts {
  readonly id: string;
  readonly place?: string;
  readonly why?: string;
}
const NAMES = ['a', 'b', 'c'] as const;

/** Three steps that write down what happens, fail where told, and are journalled. */
const world = (failing: Record<string, number> = {}, names: readonly string[] = NAMES) => {
  const effects: string[] = [];
  const lines: string[] = [];
  const failures = { ...failing };
  const act = async (what: string): Promise<void> => {
    effects.push(what);
    if ((failures[what] ?? 0) > 0) {
      failures[what] = (failures[what] ?? 0) - 1;
      throw new Error(`${what} fails`);
    }
  };
  const steps: readonly Step<Facts>[] = names.map((name) => ({
    name,
    phase: 'usage',
    forward: async () => {
      await act(`do ${name}`);
      return { place: name };
    },
    undoHere: () => act(`here ${name}`),
    undoThere: () => act(`there ${name}`),
  }));
  const open = (start: Progress<Facts> = { context: { id: 'x' }, entered: [] }) =>
    openSaga<Facts>(steps, start, ({ step, direction, side, phase }) => {
      const what = [phase, direction, step, ...(side ? [side] : [])].join(' ');
      lines.push(`${what} …`);
      return (outcome) => void lines.push(`${what} ${outcome}`);
    });
  const run = async (saga = open()) => {
    for (const step of steps) await saga.forward(step);
    return saga;
  };
  return { effects, lines, steps, open, run };
};
const step = (steps: readonly Step<Facts>[], name: string): Step<Facts> => {
  const found = steps.find((each) => each.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe('a saga', () => {
  it('undoes a step that was only entered, in its place', async () => {
    const { open, steps, effects } = world();
    const saga = open();
    const [a, b] = steps;
    if (!a || !b) throw new Error('no steps');
    saga.enter(b);
    await saga.forward(a);
    saga.enter(b);
    effects.length = 0;
    expect(await saga.unwind('there')).toEqual([]);
    expect(effects).toEqual(['here a', 'there a', 'here b', 'there b']);
  });

  it('goes forward, learns, and comes back newest first: here, then there', async () => {
    const { run, effects } = world();
    const saga = await run();
    expect(saga.context).toEqual({ id: 'x', place: 'c' });
    expect(await saga.unwind('here')).toEqual([]);
    expect([saga.undone('here'), saga.undone('there')]).toEqual([true, false]);
    expect(await saga.unwind('there')).toEqual([]);
    expect(effects).toEqual(['do a', 'do b', 'do c', 'here c', 'here b', 'here a', 'there c', 'there b', 'there a']);
    expect(saga.undone('there')).toBe(true);
  });

  it('undoes a step that failed: it may have taken effect', async () => {
    const { run, open, effects } = world({ 'do b': 1 });
    const saga = open();
    await expect(run(saga)).rejects.toThrow('do b fails');
    await saga.unwind('here');
    expect(effects).toEqual(['do a', 'do b', 'here b', 'here a']);
  });

  it('has entered a step before its effect begins', async () => {
    const { open } = world();
    const saga = open();
    let seen: unknown;
    await saga.forward({
      name: 'a',
      phase: 'usage',
      forward: async () => {
        seen = structuredClone(saga.progress.entered);
        return undefined;
      },
    });
    expect(seen).toEqual([{ name: 'a', here: false, there: false }]);
  });

  it('goes past failures, and says what is left until nothing is', async () => {
    const { run, effects } = world({ 'here b': 2 });
    const saga = await run();
    expect(await saga.unwind('here')).toMatchObject([{ step: 'b', side: 'here', error: { message: 'here b fails' } }]);
    expect(effects.slice(3)).toEqual(['here c', 'here b', 'here a']);
    expect(await saga.unwind('here')).toHaveLength(1);
    expect(await saga.unwind('here')).toEqual([]);
    expect(effects.slice(6)).toEqual(['here b', 'here b']);
  });

  it('never undoes there what is not undone here', async () => {
    const { run, effects } = world({ 'here b': 1 });
    const saga = await run();
    expect(await saga.unwind('there')).toMatchObject([{ step: 'b', side: 'here' }]);
    expect(effects.slice(3)).toEqual(['here c', 'there c', 'here b', 'here a', 'there a']);
    expect(await saga.unwind('there')).toEqual([]);
    expect(effects.slice(8)).toEqual(['here b', 'there b']);
  });

  it('undoes anew, and in its old place, a step that ran again after it was undone', async () => {
    const { run, steps, effects } = world();
    const saga = await run();
    await saga.unwind('there');
    await saga.forward(step(steps, 'a'));
    effects.length = 0;
    expect(saga.undone('here')).toBe(false);
    await saga.unwind('there');
    expect(effects).toEqual(['here a', 'there a']);
    expect(saga.progress.entered.map(({ name }) => name)).toEqual([...NAMES]);
  });

  it('does nothing twice', async () => {
    const { run, effects } = world();
    const saga = await run();
    await saga.unwind('there');
    effects.length = 0;
    await saga.unwind('here');
    await saga.unwind('there');
    expect(effects).toEqual([]);
  });

  it('has nothing to undo when nothing was entered', async () => {
    const { open, effects } = world();
    const saga = open();
    expect([await saga.unwind('here'), await saga.unwind('there'), saga.undone('there'), effects]).toEqual([[], [], true, []]);
  });

  it('takes a step without a compensation for undone', async () => {
    const saga = openSaga<Facts>([], { context: { id: 'x' }, entered: [] }, () => () => undefined);
    const bare: Step<Facts> = { name: 'bare', phase: 'intent', forward: async () => undefined };
    const other = openSaga<Facts>([bare], saga.progress, () => () => undefined);
    await other.forward(bare);
    expect([await other.unwind('there'), other.undone('there')]).toEqual([[], true]);
  });

  it('never forgets a step that this release does not know', async () => {
    const { open, effects } = world();
    const saga = open({
      context: { id: 'x' },
      entered: [
        { name: 'a', here: false, there: false },
        { name: 'gone', here: false, there: false },
      ],
    });
    expect(await saga.unwind('there')).toMatchObject([{ step: 'gone', side: 'here', error: { message: 'no step is named gone' } }]);
    expect(effects).toEqual(['here a', 'there a']);
    expect(saga.undone('here')).toBe(false);
  });

  it('is told facts that no step brings, and compensations read them', async () => {
    const { open } = world();
    const saga = open();
    saga.learn({ why: 'expired' });
    expect(saga.context).toEqual({ id: 'x', why: 'expired' });
    expect(saga.progress.context).toEqual({ id: 'x', why: 'expired' });
  });

  it('journals each attempt as it begins and as it ends', async () => {
    const { open, run, lines } = world({ 'do b': 1, 'here a': 1 });
    const saga = open();
    await expect(run(saga)).rejects.toThrow();
    await saga.unwind('here');
    expect(lines).toEqual([
      'usage do a …',
      'usage do a done',
      'usage do b …',
      'usage do b failed',
      'teardown undo b here …',
      'teardown undo b here done',
      'teardown undo a here …',
      'teardown undo a here failed',
    ]);
  });
});

describe('whatever fails, and wherever it is continued', () => {
  const where = fc.subarray(NAMES.flatMap((name) => [`do ${name}`, `here ${name}`, `there ${name}`]));
  it('every entered step ends undone, here before there, and progress survives JSON between any two rounds', async () => {
    await fc.assert(
      fc.asyncProperty(where, fc.array(fc.constantFrom('here' as const, 'there' as const), { maxLength: 4 }), async (failing, sides) => {
        const { open, run, effects } = world(Object.fromEntries(failing.map((what) => [what, 1])));
        let saga = open();
        await run(saga).catch(() => undefined);
        for (const side of [...sides, 'here', 'here', 'there', 'there'] as const) {
          await saga.unwind(side);
          const carried = JSON.parse(JSON.stringify(saga.progress)) as Progress<Facts>;
          expect(carried).toEqual(saga.progress);
          saga = open(carried);
        }
        expect(saga.undone('here') && saga.undone('there')).toBe(true);
        const entered = saga.progress.entered.map(({ name }) => name);
        for (const name of entered) {
          expect(effects.lastIndexOf(`here ${name}`)).toBeLessThan(effects.indexOf(`there ${name}`));
          const times = (what: string) => effects.filter((effect) => effect === what).length;
          expect(times(`here ${name}`)).toBe(failing.includes(`here ${name}`) ? 2 : 1);
          expect(times(`there ${name}`)).toBe(failing.includes(`there ${name}`) ? 2 : 1);
        }
        expect(effects.filter((effect) => effect.startsWith('do ')).length).toBe(entered.length);
      }),
    );
  });
});
