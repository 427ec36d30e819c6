import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These two take longer than all others of their project together; a clean checkout does not know that, and Vitest begins with what is long to read. */
const LONGEST = ['test/fabric/clusters.test.ts', 'test/e2e/trade.test.ts'];
const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((file) => moduleId.endsWith(file));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** One project per kind of part that a test needs: nothing, Postgres, Postgres and Temporal, or the whole playground. */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/wire/**/*.test.ts', 'test/http/**/*.test.ts'],
          // As many as the cores of the smallest machine: Vitest would keep one of them free, and every file starts a process.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'store',
          include: ['test/store/**/*.test.ts'],
          globalSetup: ['test/store/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'saga',
          include: ['test/saga/**/*.test.ts'],
          globalSetup: ['test/saga/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // One more than the cores of the smallest machine: they wait most of the time, for heartbeats, pauses and patience.
          maxWorkers: 3,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/playground/**/*.test.ts', 'test/fabric/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 2_400_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
