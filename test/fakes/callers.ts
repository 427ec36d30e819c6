import type { Caller, Callers } from '../../src/ports/callers.ts';

/** Where nobody is asked who they are. */
export const openToAll: Callers = { open: true, of: async () => undefined };

/** Known by the tokens of a list. */
export const callersOf = (tokens: Readonly<Record<string, Caller>>): Callers => ({
  open: false,
  of: async (token) => (Object.hasOwn(tokens, token) ? tokens[token] : undefined),
});
