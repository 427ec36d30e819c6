/** Refusals that the audit has by the name of a caller that is proven: they are not told once more by where it came from. */
const told = new WeakSet<object>();

export const isToldByName = (error: unknown): boolean => typeof error === 'object' && error !== null && told.has(error);

/** Has a refusal told by name, and goes on with it. */
export async function toldByName<T extends object>(error: T, tell: () => Promise<void>): Promise<never> {
  told.add(error);
  await tell();
  throw error;
}
