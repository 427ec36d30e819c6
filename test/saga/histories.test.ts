/** What workflows of earlier releases did is replayed against those of now: a node that was updated goes on with what an older one began. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';

const KEPT = path.resolve(import.meta.dirname, '../fixtures/histories');
const releases = fs.readdirSync(KEPT, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const filesOf = (release: string) => fs.readdirSync(path.join(KEPT, release));
const textOf = (release: string, file: string): string => zlib.gunzipSync(fs.readFileSync(path.join(KEPT, release, file))).toString();

/** An activity that was asked for, up to its name. */
const ASKED = /("activityType":\s*\{\s*"name":\s*")/g;

/** What does not replay, by its file, and how many did. */
async function replay(texts: Iterable<readonly [file: string, text: string]>) {
  const workflowBundle = { code: fs.readFileSync(inject('workflowBundle'), 'utf8') };
  const files = new Map<string, string>();
  const histories = [...texts].map(([file, text]) => {
    const history = historyFromJSON(JSON.parse(text));
    // Workflows look at their own id.
    const { workflowId, originalExecutionRunId } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
    files.set(originalExecutionRunId ?? '', file);
    return { workflowId: workflowId ?? '', history };
  });
  const failed: string[] = [];
  let replayed = 0;
  for await (const { runId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    replayed += 1;
    if (error) failed.push(`${files.get(runId)}: ${error.message}`);
  }
  return { failed, replayed };
}

describe.each(releases)('histories of %s', (release) => {
  test('replay', async () => {
    const files = filesOf(release);
    const found = await replay(files.map((file) => [file, textOf(release, file)] as const));
    expect(found).toEqual({ failed: [], replayed: files.length });
  });
});

test('each workflow has some', () => {
  const types = new Set(releases.flatMap(filesOf).map((file) => file.split('-')[0]));
  expect([...types].toSorted()).toEqual(Object.keys(workflows).toSorted());
});

test.each(Object.keys(workflows))('one of %s that asked for something else does not replay', async (type) => {
  const [release = ''] = releases;
  const file = filesOf(release).find((name) => name.startsWith(`${type}-`) && textOf(release, name).search(ASKED) >= 0);
  if (file === undefined) throw new Error(`no history of ${type}`);
  const other = textOf(release, file).replaceAll(ASKED, '$1other-');
  const { failed } = await replay([[file, other]]);
  expect(failed).toEqual([expect.stringContaining(file)]);
});
