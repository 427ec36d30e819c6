/** Whether two values are the same as JSON, in whatever order their keys stand. */
export const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, sorted(each)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
};

/** Where a value has a key `__proto__`, the first 50 places: JavaScript keeps it apart from every other, and whoever copies the value may lose it, or change what an object is. */
export function prototypeKeys(value: unknown): readonly (readonly PropertyKey[])[] {
  const found: (readonly PropertyKey[])[] = [];
  let level: readonly (readonly [path: readonly PropertyKey[], value: unknown])[] = [[[], value]];
  while (level.length > 0 && found.length < 50) {
    level = level.flatMap(([path, each]): typeof level => {
      if (Array.isArray(each)) return each.map((item, i) => [[...path, i], item] as const);
      if (typeof each !== 'object' || each === null) return [];
      if (Object.hasOwn(each, '__proto__')) found.push([...path, '__proto__']);
      return Object.entries(each).map(([key, item]) => [[...path, key], item] as const);
    });
  }
  return found.slice(0, 50);
}

/** The bytes that a value takes as JSON in UTF-8; `undefined` when it is no plain data (a cycle, a bigint, too deep). Pure: no Buffer in workflows. */
export function sizeOfJson(value: unknown): number | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    return undefined;
  }
  if (text === undefined) return undefined;
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
