/** A process that lists with selectors for a while, then tells how many milliseconds each list took. */
import http from 'node:http';
import { askForList } from './list-size.ts';
import { drive } from './measured.ts';

/** What to ask, and how: each list is for another group of flavors than those before, `from` being where the last process ended. */
export interface Selecting {
  readonly url: string;
  /** Lists that are under way at once. */
  readonly sides: number;
  /** Flavors of a group have the same CPUs, and nobody else has them. */
  readonly groups: number;
  readonly matching: number;
  readonly from: number;
  readonly forMs: number;
}

const { url, sides, groups, matching, from, forMs } = JSON.parse(process.argv[2] ?? '{}') as Selecting;
const agent = new http.Agent({ keepAlive: true, maxSockets: sides });
const stopAt = performance.now() + forMs;
const { samples } = await drive({
  sides,
  until: () => performance.now() >= stopAt,
  work: async (n) => {
    const { flavors } = await askForList(`${url}/k8slice?filter[cpu][match]=${1_000 + ((from + n) % groups)}m`, agent);
    if (flavors !== matching) throw new Error(`${flavors} flavors are listed, not ${matching}`);
  },
});
agent.destroy();
process.send?.(samples, () => process.disconnect());
