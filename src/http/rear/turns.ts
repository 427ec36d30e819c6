interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** Lets so many calls of one name run at a time, the others in the order in which they came: whoever asks much waits for itself, and nobody else for it. */
export function turnsOf(most: number): <T>(name: string, call: () => Promise<T>) => Promise<T> {
  const lines = new Map<string, Line>();
  return async (name, call) => {
    const line = lines.get(name) ?? { running: 0, waiting: [] };
    lines.set(name, line);
    // Whoever is let in takes the place of the one that ended.
    if (line.running < most) line.running += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else if ((line.running -= 1) === 0) lines.delete(name);
    }
  };
}
