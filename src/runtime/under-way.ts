/** A sink of a watch, and when what it was told last is done with: a watch that is ended does not wait for that. */
export function underWay<T extends readonly unknown[], R>(
  sink: (...state: T) => Promise<R>,
): { readonly sink: (...state: T) => Promise<R>; readonly over: () => Promise<void> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    sink(...state) {
      const done = sink(...state);
      last = done.catch(() => undefined);
      return done;
    },
    over: async () => void (await last),
  };
}
