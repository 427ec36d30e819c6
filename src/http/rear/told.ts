import type { From } from './limit.ts';

/** Refusals that the audit has already, by whoever knows more of them than where they came from. */
const told = new WeakSet<object>();

export const isTold = (error: unknown): boolean => typeof error === 'object' && error !== null && told.has(error);

/** Has a refusal told, and goes on with it. */
export async function tellAndThrow<T extends object>(error: T, tell: () => Promise<void>): Promise<never> {
  told.add(error);
  await tell();
  throw error;
}

/** Who a caller is by its own word, for the audit: it may be somebody else. */
export const unproven = (id: string): string => `as ${id}, which is not proven`;

/** Whom the audit names for a call that was let in, and in which words: the caller where its signature proves who it is, otherwise where it calls from. */
export const toldOf = (id: string, { claimed, remote }: From, words: string): { readonly peer: string; readonly detail: string } =>
  claimed ? { peer: id, detail: words } : { peer: remote, detail: `${unproven(id)}: ${words}` };
