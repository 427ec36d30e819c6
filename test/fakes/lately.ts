/** What a file's hooks make before its first test, under a name that may be given away before that. It can be spread as what it stands for: an empty copy would lack every member in silence. */
export function lately<T extends object>(made: () => T | undefined): T {
  const present = (member: string | symbol): T => {
    const found = made();
    if (found === undefined) throw new Error(`${String(member)}: nothing is opened yet`);
    return found;
  };
  return new Proxy({} as T, {
    get: (_target, member) => Reflect.get(present(member), member) as unknown,
    ownKeys: () => Reflect.ownKeys(present('its members')),
    getOwnPropertyDescriptor(_target, member) {
      const known = Reflect.getOwnPropertyDescriptor(present(member), member);
      return known && { ...known, configurable: true };
    },
  });
}
