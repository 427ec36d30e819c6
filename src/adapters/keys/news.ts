import type { KeyStore } from '../../ports/signer.ts';

/** A signature waits so long at most for what others wrote, ms: a place that does not answer must not hold a sale up. */
const LONGEST_MS = 1_000;

/** What other processes wrote, which is to be known before the next signature. */
export interface News {
  /** What a reading that begins now is no older than. */
  mark(): Promise<string | undefined>;
  /** Such a reading ended. */
  learnt(mark: string | undefined): void;
  /** Has it read again when somebody wrote; over once that is read, has failed, or takes too long. */
  heard(): Promise<void>;
}

export function newsOf({ store, read }: { readonly store: Pick<KeyStore, 'glance'>; readonly read: () => Promise<void> }): News {
  let seen: string | undefined;
  /** What was tried to be read: a failure is tried again by whoever reads now and then. */
  let tried: string | undefined;
  let reading: Promise<unknown> | undefined;
  let hangs = false;

  const mark: News['mark'] = async () => {
    if (hangs) return undefined;
    const glance = store.glance();
    const found = await within(glance);
    if (found !== 'late') return found;
    hangs = true;
    void glance.finally(() => {
      hangs = false;
    });
    return undefined;
  };

  return {
    mark,
    learnt(now) {
      if (now !== undefined) seen = now;
    },
    async heard() {
      const now = await mark();
      if (now !== undefined && now !== seen && now !== tried) {
        tried = now;
        reading = within(read());
      }
      await reading;
    },
  };
}

async function within<T>(work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, LONGEST_MS, 'late');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
