/** A process as the guardian starts it: in a process group of its own, with exactly this environment, its output appended to `log`. */
export interface ProcessSpec {
  /** `<cluster>/<process>`, or `temporal`, `postgres`. */
  readonly key: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly log: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What ends it in good order; SIGKILL for what has nothing to save. */
  readonly stop: NodeJS.Signals;
  /** Started again, with a growing pause, when it ends by itself. */
  readonly restart?: boolean;
}

export type Order =
  | { readonly do: 'start'; readonly spec: ProcessSpec }
  | { readonly do: 'run'; readonly spec: ProcessSpec }
  | { readonly do: 'kill'; readonly key: string; readonly signal: NodeJS.Signals; readonly group: boolean }
  | { readonly do: 'claim'; readonly name: string }
  | { readonly do: 'tidy'; readonly path: string; readonly saveTo?: string }
  | { readonly do: 'tidied'; readonly path: string }
  | { readonly do: 'release' }
  | { readonly do: 'stop' };

export interface Request {
  readonly id: number;
  readonly order: Order;
}

export interface Reply {
  readonly id: number;
  readonly value?: number | string;
  readonly fault?: string;
}

/** Told to the parent at every change: what runs, and how what no longer runs ended. */
export interface Told {
  readonly pids: Readonly<Record<string, number>>;
  readonly ended: Readonly<Record<string, string>>;
}

/** `processes.json` in the state folder: who is responsible, and what there is to end should that one be dead. */
export interface ProcessTable {
  readonly guardian: { readonly pid: number; readonly start: string };
  readonly processes: Readonly<Record<string, { readonly pid: number; readonly start: string }>>;
  /** It is ending them, and will be gone in a moment. */
  readonly ending: boolean;
}
