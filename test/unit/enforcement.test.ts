/** What Liqo's installation is told of enforcement, and whether a node sells under it. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { enforcementCalls, flagOf } from '../../src/adapters/kubernetes/enforcement.ts';
import { type Enforcement, type EnforcementKnown, selling } from '../../src/domain/enforcement.ts';
import { json, playApiServer, status } from './api-server.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

describe('read from the Deployments of Liqo’s chart', () => {
  const at = playApiServer();
  /** The arguments of each, by its name. */
  let deployments: Record<string, readonly string[]>;
  /** Those of which pods of before run. */
  let rolling: readonly string[];
  let refused: { readonly list?: number; readonly watch?: number };
  let open: ServerResponse[];
  let ending: AbortController;
  let watching: Promise<void>;
  const objects = (): readonly object[] =>
    Object.entries(deployments).map(([name, args]) => ({
      metadata: { name: `liqo-${name}`, namespace: 'liqo', generation: 2, labels: { 'app.kubernetes.io/name': name } },
      spec: { template: { spec: { containers: [{ command: ['/usr/bin/x'], args }] } } },
      status: { observedGeneration: 2, replicas: rolling.includes(name) ? 2 : 1, updatedReplicas: 1 },
    }));
  beforeEach(() => {
    [deployments, rolling, refused, open, ending, watching] = [{}, [], {}, [], new AbortController(), Promise.resolve()];
    at.answer = (request, response) => {
      const isWatch = request.query.get('watch') === 'true';
      const code = isWatch ? refused.watch : refused.list;
      if (code !== undefined) return status(code)(request, response);
      const asked = request.path === '/prefix/apis/apps/v1/namespaces/liqo/deployments' ? request.query.get('labelSelector') : '';
      expect(asked).toBe('app.kubernetes.io/part-of=liqo,app.kubernetes.io/name in (controller-manager,webhook)');
      if (!isWatch) return json(response, 200, { items: objects(), metadata: { resourceVersion: '1' } });
      response.writeHead(200);
      response.flushHeaders();
      open.push(response);
    };
  });
  afterEach(async () => {
    ending.abort();
    for (const response of open) response.end();
    await watching;
  });
  const now = () => enforcementCalls({ api: at.api, log: quiet }).enforcement();
  const LOOKS = ['--cluster-id=x', '--enable-resource-enforcement'];
  const manager = (...args: readonly string[]): readonly string[] => ['--cluster-id=x', ...args, '--liqo-namespace=liqo'];

  test.each<readonly [string, readonly string[] | undefined, readonly string[] | undefined, string | undefined]>([
    ['a stock one', manager('--default-limits-enforcement=None'), LOOKS, 'None'],
    ['Hard', manager('--default-limits-enforcement=Hard'), LOOKS, 'Hard'],
    ['Hard, the value as an argument of its own', manager('--default-limits-enforcement', 'Hard'), LOOKS, 'Hard'],
    ['Soft', manager('--default-limits-enforcement=Soft'), LOOKS, 'Soft'],
    [
      'what an extra argument makes of it',
      [...manager('--default-limits-enforcement=Hard'), '--default-limits-enforcement=None'],
      LOOKS,
      'None',
    ],
    ['no such flag', manager(), LOOKS, 'None'],
    ['a value that no Quota takes', manager('--default-limits-enforcement=hard'), LOOKS, 'None'],
    ['Hard, but the webhook does not look', manager('--default-limits-enforcement=Hard'), ['--cluster-id=x'], 'None'],
    [
      'Hard, but the webhook is told not to look',
      manager('--default-limits-enforcement=Hard'),
      ['--enable-resource-enforcement=false'],
      'None',
    ],
    ['no Deployment at all', undefined, undefined, undefined],
    ['no webhook', manager('--default-limits-enforcement=Hard'), undefined, undefined],
  ])('%s', async (_, controller, webhook, expected) => {
    deployments = { ...(controller && { 'controller-manager': controller }), ...(webhook && { webhook }) };
    expect(await now()).toBe(expected);
  });

  test('what we may not see is not known; an API server that is away is waited for', async () => {
    refused = { list: 403 };
    expect(await now()).toBeUndefined();
    refused = { list: 503 };
    await expect(now()).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  });

  /** Answers all that was told by now. */
  function follows(): readonly (Enforcement | undefined)[] {
    const told: (Enforcement | undefined)[] = [];
    const { watchEnforcement } = enforcementCalls({ api: at.api, log: quiet });
    watching = watchEnforcement(async (enforcement) => void told.push(enforcement), ending.signal);
    return told;
  }
  const stir = (): void => {
    for (const response of open) for (const object of objects()) response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
  };
  const within = { timeout: 4_000, interval: 10 };
  const hard = manager('--default-limits-enforcement=Hard');
  const none = manager('--default-limits-enforcement=None');

  test('a change is told by the watch; what becomes Hard once no pod of before runs any more', async () => {
    deployments = { 'controller-manager': hard, webhook: LOOKS };
    const told = follows();
    await vi.waitFor(() => expect(told).toEqual(['Hard']), within);
    [deployments, rolling] = [{ ...deployments, 'controller-manager': none }, ['controller-manager']];
    stir();
    await vi.waitFor(() => expect(told).toEqual(['Hard', 'None']), within);
    deployments = { ...deployments, 'controller-manager': hard };
    stir();
    deployments = { ...deployments, 'controller-manager': manager('--default-limits-enforcement=Soft') };
    stir();
    await vi.waitFor(() => expect(told).toEqual(['Hard', 'None', 'Soft']), within);
    [deployments, rolling] = [{ ...deployments, 'controller-manager': hard }, []];
    stir();
    await vi.waitFor(() => expect(told).toEqual(['Hard', 'None', 'Soft', 'Hard']), within);
    expect(at.asked).toHaveLength(2);
  });

  test('what may be listed and not watched is listed again, less and less often', async () => {
    [deployments, refused] = [{ 'controller-manager': hard, webhook: LOOKS }, { watch: 403 }];
    const told = follows();
    await vi.waitFor(() => expect(told).toEqual(['Hard']), within);
    deployments = { ...deployments, 'controller-manager': none };
    await vi.waitFor(() => expect(told).toEqual(['Hard', 'None']), within);
    const before = at.asked.length;
    await expect(vi.waitFor(() => expect(at.asked.length).toBeGreaterThan(before + 4), { timeout: 1_500, interval: 50 })).rejects.toThrow();
  });

  test('while nobody answers it is as it was; what may not be seen any more is not known', async () => {
    deployments = { 'controller-manager': hard, webhook: LOOKS };
    const told = follows();
    await vi.waitFor(() => expect(told).toEqual(['Hard']), within);
    const end = (): void => {
      for (const response of open.splice(0)) response.end();
    };
    refused = { list: 503 };
    const before = at.asked.length;
    end();
    await vi.waitFor(() => expect(at.asked.length).toBeGreaterThan(before + 1), within);
    expect(told).toEqual(['Hard']);
    refused = { list: 403 };
    await vi.waitFor(() => expect(told).toEqual(['Hard', undefined]), within);
  });

  test('a flag is none of those that begin like it', () => {
    expect(flagOf(['--a-b=1', '--a'], 'a')).toBe('');
    expect(flagOf(['--a-b=1'], 'a')).toBeUndefined();
    expect(flagOf(['--a', '--b'], 'a')).toBe('');
  });
});

test('what an operator can do is said in the order of what is probably wrong', () => {
  const remedies = (known: EnforcementKnown): readonly string[] =>
    selling(known).words.match(/enforcement: Hard\}|defaultLimitsEnforcement=Hard|rear\.sellUnenforced/g) ?? [];
  // Nothing could be read: who installed it as it has to be has only to say so.
  expect(remedies({ sellUnenforced: false })).toEqual(['enforcement: Hard}', 'defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
  // It was read, or said, to be otherwise: saying Hard mends nothing.
  expect(remedies({ read: 'None', sellUnenforced: false })).toEqual(['defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
  expect(remedies({ said: 'Soft', sellUnenforced: false })).toEqual(['defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
});

test.each<readonly [EnforcementKnown, boolean, RegExp]>([
  [{ read: 'Hard', sellUnenforced: false }, true, /Hard, as its installation is told/],
  [{ said: 'Hard', sellUnenforced: false }, true, /Hard, as liqo\.enforcement says/],
  [{ read: 'None', sellUnenforced: false }, false, /holds buyers to nothing.*no flavor is published/],
  [{ read: 'None', said: 'Hard', sellUnenforced: false }, false, /says Hard, which is not so.*no flavor/],
  [{ read: 'Soft', sellUnenforced: false }, false, /not what they use.*no flavor/],
  [{ said: 'None', sellUnenforced: false }, false, /no flavor/],
  [{ sellUnenforced: false }, false, /is not known.*no flavor/],
  [{ read: 'None', sellUnenforced: true }, true, /sold all the same/],
  [{ sellUnenforced: true }, true, /is not known.*sold all the same/],
])('%j: sells %s', (known, sells, words) => {
  const verdict = selling(known);
  expect(verdict.sells).toBe(sells);
  expect(verdict.words).toMatch(words);
  expect(verdict.words).not.toContain('\n');
});
