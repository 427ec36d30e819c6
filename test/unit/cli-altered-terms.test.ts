/** Each promise that rides in a contract, altered in its file: `contract verify` names it by its path, with what was signed; and where what was signed is altered too, no signature is over it. */
import { base64url } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { exportedAgreement } from '../../src/rear/agreement-file.ts';
import { buyerOf, SELLER, termsOf } from '../contracts/samples.ts';
import { keyCircle } from '../fakes/keys.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { clock, rearguard } from './cli-subject.ts';

const DAY = 86_400_000;
const circle = keyCircle(clock);
const buyer = buyerOf('alice');
const terms = termsOf({
  flavor: {
    ...blueprintOf(SELLER),
    terms: {
      renewal: { kind: 'on-request', forMs: DAY },
      noticeMs: 3_600_000,
      sla: { availabilityPercent: 99.9, latencyMs: 20, creditPercent: 10 },
      telemetry: { metrics: ['cpu.used', 'memory.used'], intervalMs: 60_000 },
    },
  },
  resources: { cpu: '0', memory: '0', pods: '0' },
  service: { hostingPolicy: 'Provider', configuration: { database: 'orders' } },
  expiresAt: '2999-01-01T00:00:00.000Z',
});

interface File {
  readonly terms: object;
  readonly agreement: { readonly payload: string; readonly signatures: readonly unknown[] };
}
let honest: string;
let keys: readonly string[];
beforeAll(async () => {
  const offered = await circle.notaryAt(SELLER.address).sign(terms);
  honest = JSON.stringify(exportedAgreement(await circle.notaryAt(buyer.address).countersign({ terms, agreement: offered })));
  const published = await Promise.all([SELLER, buyer].map(({ address }) => circle.signerAt(address).published()));
  keys = published.flatMap(([key]) => ['--key', key?.kid ?? '']);
});

async function verify(file: string) {
  const { exit, out } = await rearguard(['--json', 'contract', 'verify', 'a.json', ...keys], { file });
  const { findings, verdict } = JSON.parse(out) as { verdict: string; findings: { fault: string; words: string }[] };
  return { exit, verdict, findings };
}
/** A copy of what is there, with another value at a path; it throws where there is nothing to alter. */
function altered<T extends object>(value: T, path: string, other: unknown): T {
  const copy = structuredClone(value);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const place = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], copy) as Record<string, unknown>;
  if (place[last] === undefined) throw new Error(`there is no ${path}`);
  if (other === undefined) delete place[last];
  else place[last] = other;
  return copy;
}

test('as both signed it, it is proven', async () => {
  expect(await verify(honest)).toEqual({ exit: 0, verdict: 'proven', findings: [] });
});

test.each<[string, unknown, string]>([
  ['flavor.terms.sla.availabilityPercent', 99, 'is 99, signed was 99.9'],
  ['flavor.terms.sla.latencyMs', 200, 'is 200, signed was 20'],
  ['flavor.terms.sla.creditPercent', 0, 'is 0, signed was 10'],
  ['flavor.terms.sla', undefined, 'is nothing, signed was {"availabilityPercent":99.9,"creditPercent":10,"latencyMs":20}'],
  ['flavor.terms.telemetry.metrics.1', 'everything', 'is "everything", signed was "memory.used"'],
  ['flavor.terms.telemetry.intervalMs', 1_000, 'is 1000, signed was 60000'],
  ['flavor.terms.renewal.kind', 'automatic', 'is "automatic", signed was "on-request"'],
  ['flavor.terms.renewal.forMs', 2 * DAY, 'is 172800000, signed was 86400000'],
  ['flavor.terms.noticeMs', 1_000, 'is 1000, signed was 3600000'],
  ['service.hostingPolicy', 'Shared', 'is "Shared", signed was "Provider"'],
])('an altered %s is told by its path', async (path, other, words) => {
  const file = JSON.parse(honest) as File;
  const read = altered(file.terms, path, other);
  const { exit, verdict, findings } = await verify(JSON.stringify({ ...file, terms: read }));
  expect([exit, verdict, findings.map(({ fault }) => fault)]).toEqual([1, 'not-proven', ['altered']]);
  expect(findings[0]?.words).toBe(`the file says otherwise than what was signed: ${path} ${words}`);

  const payload = base64url.encode(JSON.stringify(read));
  const whole = await verify(JSON.stringify({ terms: read, agreement: { ...file.agreement, payload } }));
  expect([whole.exit, whole.findings.map(({ fault }) => fault)]).toEqual([1, ['altered', 'altered']]);
});
