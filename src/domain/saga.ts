import type { Phase } from './journal.ts';

/**
 * A step and its compensation. `forward` answers what it learnt (ids, addresses), which later steps and compensations read. Compensations
 * need ids only, succeed when there is nothing to undo, and are split by who must help: `undoHere` is what our own side can do alone,
 * `undoThere` may have to wait for the peer.
 */
export interface Step<C extends object> {
  readonly name: string;
  readonly phase: Phase;
  readonly forward: (context: C) => Promise<Partial<C> | undefined>;
  readonly undoHere?: (context: C) => Promise<void>;
  readonly undoThere?: (context: C) => Promise<void>;
  /** Steps whose `undoThere` must be done before ours may run: what it ends is what theirs still need. */
  readonly undoneAfter?: readonly string[];
}

/** A step that was entered, and how far it is undone. */
export interface Entered {
  readonly name: string;
  readonly here: boolean;
  readonly there: boolean;
}

/** Plain data: rides continue-as-new. */
export interface Progress<C extends object> {
  readonly context: C;
  readonly entered: readonly Entered[];
}

/** What could not be undone in a round. */
export interface Residue {
  readonly step: string;
  readonly side: 'here' | 'there';
  readonly error: unknown;
}

/** Writes a journal line; called when something starts, and the returned function when it ends. */
export type Record = (line: {
  readonly step: string;
  readonly phase: Phase;
  readonly direction: 'do' | 'undo';
  readonly side?: 'here' | 'there';
}) => (outcome: 'done' | 'failed', error?: unknown) => void;

export interface Saga<C extends object> {
  /** Runs one step: entered first, then done. A failure leaves it entered. A step that was entered before runs again (it is idempotent) and has to be undone anew, in its old place. */
  forward(step: Step<C>): Promise<void>;
  /** Enters a step whose effect another one brings about; it is undone like every other. */
  enter(step: Step<C>): void;
  /** One round over everything entered, newest first, past failures; answers what is left. `there` first does what is left of a step `here`. Run it in a non-cancellable scope. */
  unwind(side: 'here' | 'there'): Promise<readonly Residue[]>;
  readonly context: C;
  readonly progress: Progress<C>;
  /** Facts that no step brings, such as why it ends. */
  learn(facts: Partial<C>): void;
  /** Whether every entered step is undone on that side. */
  undone(side: 'here' | 'there'): boolean;
}

/** The one runner of every saga. Laws: entered before effect; newest first; past failures; `here` before `there`. */
export function openSaga<C extends object>(steps: readonly Step<C>[], start: Progress<C>, record: Record): Saga<C> {
  let context = start.context;
  let entered = [...start.entered];
  const mark = (name: string, change: Partial<Entered>): void => {
    entered = entered.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
  };
  const undo = async (name: string, side: 'here' | 'there'): Promise<Residue | undefined> => {
    const step = steps.find((each) => each.name === name);
    // Progress of an older release: what nobody knows how to undo is left over, never forgotten.
    if (!step) return { step: name, side, error: new Error(`no step is named ${name}`) };
    const awaited =
      side === 'there' ? step.undoneAfter?.find((each) => entered.some((other) => other.name === each && !other.there)) : undefined;
    if (awaited) return { step: name, side, error: new Error(`waits until ${awaited} is undone`) };
    const compensate = side === 'here' ? step.undoHere : step.undoThere;
    if (!compensate) return undefined;
    const finish = record({ step: name, phase: 'teardown', direction: 'undo', side });
    try {
      await compensate(context);
    } catch (error) {
      finish('failed', error);
      return { step: name, side, error };
    }
    finish('done');
    return undefined;
  };
  const enter = ({ name }: Step<C>): void => {
    if (entered.some((each) => each.name === name)) mark(name, { here: false, there: false });
    else entered = [...entered, { name, here: false, there: false }];
  };
  return {
    enter,
    async forward(step) {
      enter(step);
      const finish = record({ step: step.name, phase: step.phase, direction: 'do' });
      try {
        // Two steps may run at once: what the other one learnt meanwhile stays.
        const learnt = await step.forward(context);
        context = { ...context, ...learnt };
      } catch (error) {
        finish('failed', error);
        throw error;
      }
      finish('done');
    },
    async unwind(side) {
      const residue: Residue[] = [];
      for (const entry of entered.toReversed()) {
        for (const each of side === 'here' ? (['here'] as const) : (['here', 'there'] as const)) {
          if (entry[each]) continue;
          const left = await undo(entry.name, each);
          if (left) {
            residue.push(left);
            break;
          }
          mark(entry.name, { [each]: true });
        }
      }
      return residue;
    },
    learn(facts) {
      context = { ...context, ...facts };
    },
    get context() {
      return context;
    },
    get progress() {
      return { context, entered };
    },
    undone: (side) => entered.every((entry) => entry[side]),
  };
}
