/** What every `Hosting` must do, on a cluster and in memory. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Blueprint, instanceManifests, instanceValues } from '../../src/domain/blueprint.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { type AcquisitionId, type ContractId, acquisitionId, contractId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { READY_MADE } from '../../src/domain/ready-made.ts';
import type { Hosting, Instance } from '../../src/ports/hosting.ts';
import { exampleOf } from '../fakes/written-examples.ts';
import { codeOf } from './peer-harness.ts';

/** What is made of a blueprint at a cluster: of what it sold, or bought to be hosted there. */
export type Hosted = { readonly contract: ContractId } | { readonly acquisition: AcquisitionId };

export interface HostingSubject {
  readonly hosting: Hosting;
  readonly timeoutMs: number;
  /** The Secret as a pod of it mounts it: read by the name that the pod itself says; `undefined` where none runs. */
  mounted(of: Hosted): Promise<Readonly<Record<string, string>> | undefined>;
  /** Whether that cluster takes such a pod where it hosts what that acquisition bought; absent where there is no cluster to ask. */
  takes?(acquisition: AcquisitionId, pod: Manifest): Promise<true | string>;
  /** What a controller would say of an object of an instance, once it is there; answers the object. Absent where everything is ready by itself. */
  says?(contract: ContractId, object: Manifest, status: object): Promise<object>;
  /** What a database or a queue says to who comes with these credentials, and with another password; `undefined` where no image runs. Absent where there is no cluster to ask. */
  answers?(
    of: Hosted,
    handed: Pick<Instance, 'secret' | 'endpoint'>,
  ): Promise<{ readonly right: string; readonly wrong: string } | undefined>;
  /** Why the kinds of the examples may not be made there. */
  readonly noExamples?: string;
  close(): Promise<void>;
}

const newContract = (): ContractId => contractId(`contract-${randomBytes(16).toString('hex')}`);
const DATABASE: Blueprint = { ...READY_MADE.database, name: 'orders', hostingPolicies: ['Provider'] };
const QUEUE: Blueprint = { ...READY_MADE['message-queue'], name: 'events', hostingPolicies: ['Provider'] };
const newAcquisition = (): AcquisitionId => acquisitionId(`${randomBytes(6).toString('hex')}-1`);
/** A pod as a hosted one has to be, but for what is changed. */
const podOf = (change: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'more' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'more',
        image: 'docker.io/library/postgres:17',
        resources: { limits: { cpu: '1m', memory: '1Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, ...change },
      },
    ],
  },
});
/** Values that would be more than values, were manifests texts. */
const HOSTILE = 'x\n---\nkind: Pod\nmetadata: {namespace: kube-system}\n"}}${password}{{.}} $(rm -rf /)';
const NOTE: Blueprint = {
  ...DATABASE,
  configurationTemplate: { type: 'object', properties: { note: { type: 'string' } }, required: ['note'] },
  generated: {},
  manifests: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'note' }, stringData: { note: '${note}' } }],
  secret: 'note',
};

export function hostingContract(name: string, start: () => Promise<HostingSubject>): void {
  describe(`Hosting: ${name}`, () => {
    let at: HostingSubject;
    const wait = () => ({ timeoutMs: at.timeoutMs });
    beforeAll(async () => {
      at = await start();
    }, 300_000);
    afterAll(async () => {
      await at?.close();
    });
    let made = 0;
    const host = async (contract: ContractId, blueprint: Blueprint, configuration: Readonly<Record<string, unknown>> = {}) => {
      const values = () => instanceValues(blueprint, configuration, (length) => `made${++made}`.padEnd(length, 'x'));
      await at.hosting.instantiate({ contract, values, manifests: (kept) => instanceManifests(blueprint, kept) }, wait());
      const { secret, endpoint } = blueprint;
      return await at.hosting.look({ contract, secret, ...(endpoint && { endpoint }) });
    };

    test.concurrent.each([
      ['database', DATABASE, { password: 'hunter-two' }, ['database', 'password', 'username'], 5432],
      ['message queue', QUEUE, {}, ['password', 'username'], 5672],
    ] as const)(
      'a %s runs, and what its pods mount is what is handed over; made twice it is the same; nothing is left',
      async (_what, blueprint, given, keys, port) => {
        const contract = newContract();
        const first = await host(contract, blueprint, given);
        expect(first).toMatchObject({ ready: true, endpoint: { port }, secret: given });
        expect(Object.keys(first?.secret ?? {}).toSorted()).toEqual(keys);
        expect(first?.endpoint?.host).toContain(contract);
        expect(await at.mounted({ contract })).toEqual(first?.secret);
        const answers = first && (await at.answers?.({ contract }, first));
        if (answers) expect(answers).toEqual({ right: 'let in', wrong: 'refused' });
        expect(await host(contract, blueprint, given)).toEqual(first);
        expect(await at.hosting.instances()).toContain(contract);
        await at.hosting.remove({ contract }, wait());
        await at.hosting.remove({ contract }, wait());
        expect(await at.hosting.instances()).not.toContain(contract);
        expect(await at.hosting.look({ contract, secret: 'credentials' })).toBeUndefined();
      },
    );

    test.concurrent.for([
      [
        'vm',
        { cores: 2 },
        { template: { spec: { domain: { cpu: { cores: 2 } } } } },
        { conditions: [{ type: 'Ready', status: 'False', message: 'booting' }] },
        { conditions: [{ type: 'Ready', status: 'True' }] },
        ['password', 'username'],
        22,
      ],
      [
        'sensor',
        { station: 'north-roof' },
        { station: 'north-roof', everySeconds: 60 },
        { ready: false },
        { ready: true },
        ['token', 'topic'],
        8883,
      ],
    ] as const)(
      'a %s of docs/selling.md is made, is ready when its kind says so and no sooner, is handed over, and goes',
      async ([kind, given, spec, before, after, keys, port], { skip }) => {
        skip(at.noExamples !== undefined, at.noExamples);
        const contract = newContract();
        const blueprint = exampleOf(kind);
        const { secret, endpoint } = blueprint;
        const looks = () => at.hosting.look({ contract, secret, ...(endpoint && { endpoint }) });
        const making = host(contract, blueprint, given);
        making.catch(() => undefined);
        const object = blueprint.manifests.at(-1);
        if (at.says && object) {
          expect(await at.says(contract, object, before)).toMatchObject({ spec });
          expect((await looks())?.ready).toBe(false);
          await at.says(contract, object, after);
        }
        const made = await making;
        expect(made).toMatchObject({ ready: true, endpoint: { port } });
        expect(Object.keys(made?.secret ?? {}).toSorted()).toEqual(keys);
        expect(await host(contract, blueprint, given)).toEqual(made);
        await at.hosting.remove({ contract }, wait());
        expect(await looks()).toBeUndefined();
        expect(await at.hosting.instances()).not.toContain(contract);
      },
    );

    test.concurrent('a hostile value stays a value, and stays where it is', async () => {
      const contract = newContract();
      const there = await host(contract, NOTE, { note: HOSTILE });
      expect(there?.secret).toEqual({ note: HOSTILE });
      await at.hosting.remove({ contract }, wait());
    });

    test.concurrent('what the buyer hosts leaves its values here, and no object', async () => {
      const contract = newContract();
      const values = () => instanceValues(DATABASE, {}, (length) => 'y'.repeat(length));
      await at.hosting.instantiate({ contract, values, manifests: () => [] }, wait());
      const there = await at.hosting.look({ contract, secret: 'credentials' });
      expect(there).toMatchObject({ ready: true, values: { database: 'app', username: 'y'.repeat(12) } });
      expect(there?.secret).toBeUndefined();
      await at.hosting.remove({ contract }, wait());
    });

    test.concurrent.each([
      ['database', DATABASE],
      ['message queue', QUEUE],
    ] as const)(
      'a %s that we bought to be hosted here runs in a place of its own, held to its bound, and mounts what was handed over; twice it is the same; nothing is left',
      async (_what, blueprint) => {
        const acquisition = newAcquisition();
        const values = instanceValues(blueprint, {}, (length) => `bought${++made}`.padEnd(length, 'x'));
        const secret = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
        const hosted = { acquisition, manifests: instanceManifests(blueprint, values), bound: hostedBound({ pods: 1 }), secret };
        for (const _ of [1, 2]) await at.hosting.hostBought(hosted, wait());
        expect(await at.hosting.bought()).toContain(acquisition);
        expect(await at.hosting.instances()).not.toContain(acquisition);
        expect(await at.mounted({ acquisition })).toEqual(secret);
        const { service: host = '', port = 0 } = blueprint.endpoint ?? {};
        const answers = await at.answers?.({ acquisition }, { secret, endpoint: { host, port } });
        if (answers) expect(answers).toEqual({ right: 'let in', wrong: 'refused' });
        if (at.takes) {
          // The Deployment has made the one pod that may be.
          expect(await at.takes(acquisition, podOf({}))).toMatch(/exceeded quota/);
          expect(await at.takes(acquisition, podOf({ privileged: true, allowPrivilegeEscalation: true }))).toMatch(
            /violates PodSecurity "restricted/,
          );
        }
        for (const _ of [1, 2]) await at.hosting.removeBought({ acquisition }, wait());
        expect(await at.hosting.bought()).not.toContain(acquisition);
        expect(await at.mounted({ acquisition })).toBeUndefined();
      },
    );

    test.concurrent('what this cluster does not take of it is refused, and can be taken away', async () => {
      const acquisition = newAcquisition();
      const strange: Manifest = { apiVersion: 'example.org/v1', kind: 'Nothing', metadata: { name: 'none' } };
      const hosting = (manifests: readonly Manifest[]) =>
        at.hosting.hostBought({ acquisition, manifests, bound: hostedBound(), secret: {} }, wait());
      expect(await codeOf(hosting([strange]))).toBe('WORKLOAD_REFUSED');
      expect(await at.hosting.bought()).toContain(acquisition);
      if (at.takes) {
        const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'hunter-two' } };
        const wrong = { ...podOf({}), spec: { restartPolicy: 'hunter-two', containers: [{ name: 'c', image: 'c' }] } };
        // Words of the API server, but for what no history may hold.
        const words = await hosting([secret, wrong]).catch((error: unknown) => (error instanceof Error ? error.message : ''));
        expect(words).toMatch(/restartPolicy.*…/);
        expect(words).not.toContain('hunter-two');
      }
      await at.hosting.removeBought({ acquisition }, wait());
      expect(await at.hosting.bought()).not.toContain(acquisition);
    });

    test.concurrent('a kind that the cluster does not have is refused, and what was begun can be taken away', async () => {
      const contract = newContract();
      const strange: Manifest = { apiVersion: 'example.org/v1', kind: 'Nothing', metadata: { name: 'none' } };
      const making = at.hosting.instantiate({ contract, values: () => ({ size: 'small' }), manifests: () => [strange] }, wait());
      expect(await codeOf(making)).toBe('WORKLOAD_REFUSED');
      expect((await at.hosting.look({ contract, secret: 'none' }))?.ready).not.toBe(true);
      await at.hosting.remove({ contract }, wait());
      expect(await at.hosting.instances()).not.toContain(contract);
    });
  });
}
