// Histories of this release, for later ones to replay: npm run record-histories -- NAME [saga test files]
// Runs the saga tests, all of them when none is named, and keeps in test/fixtures/histories/NAME the fewest histories in which happens, for each workflow, all that happened in any.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';

const [name, ...files] = process.argv.slice(2);
if (name === undefined) throw new Error('say what the histories are of: npm run record-histories -- 0.2.0');
const folder = path.resolve(import.meta.dirname, '../test/fixtures/histories', name);

/** What happens in a history: what was asked for and heard, and what came of it; where that is not what was hoped for, with what came just before it. */
function happenings({ events }) {
  const asked = new Map();
  const found = new Set();
  let before = 'start';
  for (const event of events) {
    const attributes = Object.values(event).find((value) => value?.constructor === Object && value !== event.userMetadata) ?? {};
    const { activityType, signalName, markerName, workflowType, scheduledEventId, startedEventId, initiatedEventId, acceptedRequest } =
      attributes;
    const what =
      asked.get(scheduledEventId ?? initiatedEventId ?? startedEventId) ??
      activityType?.name ??
      signalName ??
      acceptedRequest?.input?.name ??
      (event.userMetadata?.summary?.data && markerName) ??
      workflowType?.name ??
      '';
    asked.set(event.eventId, what);
    // How tasks fell into each other is the server's affair.
    if (event.eventType.includes('WORKFLOW_TASK')) continue;
    const happened = `${event.eventType} ${what}`;
    found.add(happened);
    if (/FAILED|TIMED_OUT|CANCELED|CANCEL_REQUESTED|UPDATE_ACCEPTED|TERMINATED/.test(event.eventType)) found.add(`${before} > ${happened}`);
    before = happened;
  }
  return found;
}

const typeOf = ({ events }) => events[0].workflowExecutionStartedEventAttributes.workflowType.name;

/** The fewest, near enough: again and again the one with the most that is new for its size. */
function chosen(all) {
  const left = new Set(all);
  const seen = new Set();
  const kept = [];
  for (;;) {
    let best;
    for (const each of left) {
      const news = each.found.filter((happened) => !seen.has(happened)).length;
      if (news === 0) left.delete(each);
      else if (best === undefined || news / each.zipped.length > best.worth) best = { each, worth: news / each.zipped.length };
    }
    if (best === undefined) return kept;
    kept.push(best.each);
    left.delete(best.each);
    for (const happened of best.each.found) seen.add(happened);
  }
}

const recorded = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-histories-'));
const run = ['vitest', 'run', '--project', 'saga', ...files];
const { status } = spawnSync('npx', run, { stdio: 'inherit', env: { ...process.env, RECORD_HISTORIES: recorded } });
if (status !== 0) throw new Error('the saga tests failed: what they recorded may not replay');
const all = fs
  .readdirSync(recorded)
  .toSorted()
  .map((file) => {
    const text = fs.readFileSync(path.join(recorded, file), 'utf8');
    const history = JSON.parse(text);
    const type = typeOf(history);
    return { type, zipped: zlib.gzipSync(text, { level: 9 }), found: [...happenings(history)].map((happened) => `${type}: ${happened}`) };
  });
fs.rmSync(recorded, { recursive: true });
fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const counts = new Map();
for (const { type, zipped } of chosen(all)) {
  const number = (counts.get(type) ?? 0) + 1;
  counts.set(type, number);
  fs.writeFileSync(path.join(folder, `${type}-${String(number).padStart(3, '0')}.json.gz`), zipped);
}
console.log(`${all.length} histories recorded; kept of them:`, Object.fromEntries(counts));
