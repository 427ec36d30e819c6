import { z } from 'zod';
import { ENFORCEMENTS } from '../domain/enforcement.ts';
import { parseQuantity } from '../domain/quantity.ts';
import type { Timing } from '../domain/timing.ts';
import { api } from './configuration-api.ts';
import { blueprint, writtenServices } from './configuration-blueprint.ts';
import { domain, hostPort, knownNode, label, listen, payloadKey, seconds } from './configuration-fields.ts';
import { flavor } from './configuration-flavor.ts';
import { identity } from './configuration-identity.ts';
import { rear } from './configuration-rear.ts';
import { sell } from './configuration-sell.ts';
import { timing } from './configuration-timing.ts';

/**
 * What a node is told, once, at its start: a file, and the environment over it. Strict: a key that nobody reads is an error. The descriptions
 * below are the manual (docs/configuration.md is written from them).
 */

const node = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.:]{0,61}[A-Za-z0-9])?$/, 'must be 1 to 63 letters, digits and -_.:')
    .describe('Who this node is to other nodes (REAR `NodeIdentity.ID`). Never change it while contracts live.'),
  domain: domain.describe('The administrative domain it belongs to; flavor ids start with it.'),
  address: hostPort.describe('`host:port` under which other nodes reach our REAR listener; it is announced in every flavor.'),
});

const section = <T extends z.ZodRawShape>(shape: z.ZodObject<T>, words: string) => shape.prefault({} as never).describe(words);

export const ConfigurationSchema = z
  .strictObject({
    node: node.describe('Who this node is.'),
    rear: section(rear, 'The REAR side: what other nodes see.'),
    identity: section(identity, 'Who this node is to others, and what it asks of them.'),
    audit: section(
      z.strictObject({
        headFile: z
          .string()
          .min(1)
          .optional()
          .describe(
            "Where the signed heads of the audit are kept, a line each: outside the database, and best where whoever writes the database does not write; all processes of the node must see it. `<identity.keyFile>.audit-heads` when absent, and without either Secret `rearguard/audit-heads` of the node's cluster. Each is logged, too.",
          ),
        sealSeconds: seconds(3_600).default(5).describe('How often the worker seals what happened, and has its head signed.'),
      }),
      'The record of what happened.',
    ),
    api: section(api, 'The management API.'),
    work: section(
      z.strictObject({
        healthListen: listen.optional().describe('Where `rearguard work` answers `/healthz` and `/readyz`; nowhere when absent.'),
      }),
      'The worker.',
    ),
    shutdownSeconds: seconds(600)
      .default(10)
      .describe('How long calls and activities under way may take to end when the process is told to stop.'),
    temporal: section(
      z.strictObject({
        address: hostPort.default('127.0.0.1:7233').describe('Also read from `TEMPORAL_ADDRESS`.'),
        namespace: z
          .string()
          .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]{1,253}$/, 'must be 2 to 254 letters, digits and -_.')
          .optional()
          .describe('`rearguard-<node id>` unless told otherwise; made at the first start. A node does not start on one of another node.'),
        retentionDays: z
          .number()
          .int()
          .min(1)
          .max(365)
          .default(3)
          .describe('How long ended workflows can be read, when we make the namespace.'),
        maxCachedWorkflows: z.number().int().min(2).max(100_000).default(500).describe('About 315 KB each in the worker.'),
        tls: z.boolean().default(false).describe('Whether the connection is TLS with the system roots.'),
        apiKey: z.string().min(1).optional().describe('For Temporal Cloud. A secret: rather use the environment.'),
        payloadKeys: z
          .array(payloadKey)
          .max(10)
          .default([])
          .describe(
            'Encrypts what histories hold of intents, Secrets in their manifests and the words of failures among it: AES-256 keys, the first writes, all read. The Temporal UI then shows less. Documents of intents stand in clear in Postgres all the same. Secrets: rather use the environment.',
          ),
      }),
      'Temporal: the processes.',
    ),
    database: section(
      z.strictObject({
        url: z
          .string()
          .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
          .default('postgres://127.0.0.1:5432/rearguard')
          .describe('Also read from `DATABASE_URL`. A secret when it holds a password: rather use the environment.'),
        schema: z
          .string()
          .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case SQL name of at most 63')
          .optional()
          .describe(
            '`rearguard_<node id>` unless told otherwise; made and migrated at start. A node does not start on one of another node: ids that differ in `.`, `-` and case alone derive the same.',
          ),
        connections: z.number().int().min(2).max(500).default(10).describe('The largest number of connections of one process.'),
      }),
      'Postgres: what there is.',
    ),
    cluster: section(
      z.strictObject({
        kubeconfig: z
          .string()
          .min(1)
          .optional()
          .describe(
            "A kubeconfig's path, or several separated by `:`, merged as kubectl does. Also read from `KUBECONFIG`, when neither the file nor our own variable names one; the pod's own account, or ~/.kube/config, when absent.",
          ),
        context: z.string().min(1).optional().describe("One of the kubeconfig's contexts; its current one when absent."),
        apiAddress: z
          .string()
          .regex(/^https:\/\//, 'must be an https:// URL')
          .optional()
          .describe("Our API server's URL as buyers reach it; the kubeconfig's own when absent."),
        loopbackSellers: z
          .boolean()
          .default(false)
          .describe(
            "Whether a seller's API server may be on our own machine (loopback). For playgrounds: elsewhere a seller could so reach what listens there for us alone.",
          ),
      }),
      'The Kubernetes cluster of this node, with Liqo.',
    ),
    liqo: section(
      z.strictObject({
        enforcement: z
          .enum(ENFORCEMENTS)
          .optional()
          .describe(
            'How hard Liqo enforces limits, when this node cannot read it: when Liqo runs as no Deployment in namespace `liqo`, or its Deployments may not be seen. What can be read counts instead.',
          ),
      }),
      'Liqo, as far as it cannot be asked.',
    ),
    knownNodes: z
      .array(knownNode)
      .max(1_000)
      .default([])
      .describe(
        'The nodes that are asked for flavors, as `host:port`, `https://host:port`, or `{address: https://…, caFile}` with the only authorities that it is believed by. More can be added by the API.',
      ),
    flavors: z
      .array(flavor)
      .max(10_000)
      .default([])
      .describe(
        'What this node sells as written here, whatever the cluster has. What `sell` makes of the same nodes would be promised twice.',
      ),
    blueprints: z
      .array(blueprint)
      .max(1_000)
      .default([])
      .describe('What is made for whoever buys it: services, virtual machines, gateways of sensors. docs/selling.md tells how.'),
    sell: sell
      .optional()
      .describe(
        'Sells the cluster: its nodes become flavors, and stay true. Absent: only `flavors` are sold. `{}` is enough. Annotations of the nodes stand over it: docs/selling.md.',
      ),
    fluidos: z
      .strictObject({
        namespace: label.describe(
          'Whose Flavor resources are sold, as if they stood in `flavors`, and whose ServiceBlueprint resources, as if in `blueprints`; FLUIDOS nodes keep theirs in `fluidos`.',
        ),
        services: writtenServices,
      })
      .optional()
      .describe(
        'Reads FLUIDOS resources of our own cluster, as soon as their definitions are installed. Absent: none are read. What a FLUIDOS node of the same cluster sells too would be promised twice.',
      ),
    timing: section(timing, 'How long things may take, in milliseconds.'),
    log: section(
      z.strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info')
          .describe('JSON lines on standard output.'),
      }),
      'Logging.',
    ),
  })
  .check((context) => {
    const { rear: sales, timing: times } = context.value;
    if (sales.purchaseWaitSeconds * 1_000 <= times.peeringReadyMs) {
      const message = `must be more than timing.peeringReadyMs (${times.peeringReadyMs} ms)`;
      context.issues.push({ code: 'custom', input: sales.purchaseWaitSeconds, path: ['rear', 'purchaseWaitSeconds'], message });
    }
    for (const [index, { minimum, ...whole }] of context.value.flavors.entries()) {
      for (const name of ['cpu', 'memory', 'pods'] as const) {
        if ((parseQuantity(minimum[name]) ?? 0n) <= (parseQuantity(whole[name]) ?? 0n)) continue;
        const message = `must be at most the whole flavor (${whole[name]})`;
        context.issues.push({ code: 'custom', input: minimum[name], path: ['flavors', index, 'minimum', name], message });
      }
      if (Number(minimum.gpu ?? 0) > Number(whole.gpu?.count ?? 0)) {
        const message = `must be at most the whole flavor (${whole.gpu?.count ?? 'no GPUs'})`;
        context.issues.push({ code: 'custom', input: minimum.gpu, path: ['flavors', index, 'minimum', 'gpu'], message });
      }
    }
    for (const list of ['flavors', 'blueprints'] as const) {
      const seen = new Map<string, number>();
      for (const [index, { name }] of context.value[list].entries()) {
        const first = seen.get(name);
        const message = `${list}[${first}] has the same name`;
        if (first === undefined) seen.set(name, index);
        else context.issues.push({ code: 'custom', input: name, path: [list, index, 'name'], message });
      }
    }
  });

type Parsed = z.output<typeof ConfigurationSchema>;
export type FlavorConfiguration = Parsed['flavors'][number];
export type SellConfiguration = NonNullable<Parsed['sell']>;

/** The file in which heads of the audit are kept; in the cluster when there is none. */
export const headFileOf = ({ audit, identity }: Pick<Parsed, 'audit' | 'identity'>): string | undefined =>
  audit.headFile ?? (identity.keyFile === undefined ? undefined : `${identity.keyFile}.audit-heads`);

/** A node's configuration with every default filled in. */
export interface Configuration extends Omit<Parsed, 'temporal' | 'database' | 'timing'> {
  readonly temporal: Parsed['temporal'] & { readonly namespace: string };
  readonly database: Parsed['database'] & { readonly schema: string };
  readonly timing: Timing;
}

/** Fills in the names that derive from the node's id. */
export function completed(parsed: Parsed): Configuration {
  const { id } = parsed.node;
  const sqlName = `rearguard_${id.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')}`.slice(0, 63);
  const { terms } = parsed.rear;
  const withTerms = <T extends { readonly terms?: typeof terms }>(offered: T): T =>
    offered.terms || !terms ? offered : { ...offered, terms };
  return {
    ...parsed,
    flavors: parsed.flavors.map(withTerms),
    blueprints: parsed.blueprints.map(withTerms),
    ...(parsed.fluidos && { fluidos: { ...parsed.fluidos, services: withTerms(parsed.fluidos.services) } }),
    ...(parsed.sell && { sell: withTerms(parsed.sell) }),
    temporal: { ...parsed.temporal, namespace: parsed.temporal.namespace ?? `rearguard-${id.replaceAll(':', '-')}` },
    database: { ...parsed.database, schema: parsed.database.schema ?? sqlName },
  };
}
