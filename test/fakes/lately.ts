/** What a file's hooks make before its first test, under a name that may be given away before that. */
export const lately = <T extends object>(made: () => T | undefined): T =>
  new Proxy({} as T, {
    get(_target, member) {
      const present = made();
      if (present === undefined) throw new Error(`${String(member)}: nothing is opened yet`);
      return Reflect.get(present, member) as unknown;
    },
  });
