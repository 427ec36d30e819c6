import { waitFor } from '../../deploy/playground/wait.ts';
import type { DemoNode } from '../../deploy/demo/world.ts';
import { PLANTED } from './plants.ts';

/** What the leak report has to show of what {@link plant} leaves behind at a node, as it would name it. */
export const expectedAt = ({ name }: DemoNode): readonly string[] => [
  ...PLANTED.map(
    ({ kind, metadata }) => `${name}: ${kind} ${metadata?.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata?.name}`,
  ),
  `${name}: hold ${TRANSACTION} (held)`,
  `${name}: allocation of ${CONTRACT} (active)`,
  `${name}: tenant of planted in the table (standing)`,
  `${name}: inventory sum sold`,
  `${name}: open workflow ${WORKFLOW} (running)`,
];

const TRANSACTION = 'planted-transaction';
const CONTRACT = 'planted-contract';
/** Nano-units. */
const ONE = '{1000000000,1000000000,1000000000,1000000000,1000000000}';
const NINE = ONE.replaceAll('1000', '9000');
const DESCRIPTION = '{"offer":{"kind":"k8slice","resources":{"cpu":"9","memory":"9","pods":"9","storage":"9","gpu":"9"}}}';
const WORKFLOW = 'peering/planted';

/** One raw thing of every kind that the report lists, past all of our code. */
export async function plant({ cluster, ledger: { sql }, temporal }: DemoNode): Promise<void> {
  for (const object of PLANTED) await cluster.objects.create(structuredClone(object));
  await sql`insert into lineage (id, on_sale, terms, wanted, total, held, sold) values
    ('planted', false, 1, ${NINE}::text::numeric[], ${NINE}::text::numeric[], '{0,0,0,0,0}', ${ONE}::text::numeric[])`;
  await sql`insert into flavor (id, lineage, generation, terms, state, description, total, created_at) values
    ('planted', 'planted', 1, 1, 'retired', ${DESCRIPTION}::text::jsonb, ${NINE}::text::numeric[], clock_now())`;
  await sql`insert into hold (transaction, lineage, flavor, buyer_id, buyer, key, resources, amounts, state, expires_at) values
    (${TRANSACTION}, 'planted', 'planted', 'planted', '{}', 'planted', '{}', ${ONE}::text::numeric[], 'held', clock_now() + interval '1 hour')`;
  await sql`insert into contract (id, role, transaction, terms, state, ending, created_at) values
    (${CONTRACT}, 'buyer', ${TRANSACTION}, '{}', 'over', '{"reason":"operator"}', clock_now())`;
  await sql`insert into allocation (contract, type, state, resources, changed_at) values
    (${CONTRACT}, 'VirtualNode', 'active', '{}', clock_now())`;
  await sql`insert into tenant values ('planted')`;
  // On a task queue that nobody serves, it stays as it is.
  await temporal.workflow.start('peering', { workflowId: WORKFLOW, taskQueue: 'planted', args: ['planted'] });
}

/** Liqo makes a ForeignCluster anew for as long as anything in its tenant namespace names the cluster: it goes when the namespace is gone. */
const isLast = ({ kind }: { readonly kind?: string | undefined }): boolean => kind === 'ForeignCluster';

export async function weed({ cluster, ledger: { sql }, temporal }: DemoNode): Promise<void> {
  const gone = async (object: (typeof PLANTED)[number]): Promise<boolean> => {
    const { apiVersion = '', kind = '', metadata = {} } = object;
    try {
      await cluster.objects.read({ apiVersion, kind, metadata: { name: metadata.name ?? '' } });
      return false;
    } catch (error) {
      if ((error as { readonly code?: number }).code === 404) return true;
      throw error;
    }
  };
  for (const object of PLANTED.toReversed()) if (!isLast(object)) await cluster.objects.delete(structuredClone(object));
  for (const object of PLANTED.filter(({ kind }) => kind === 'Namespace'))
    await waitFor(`namespace ${object.metadata?.name} gone`, 60, () => gone(object));
  for (const object of PLANTED.filter(isLast)) if (!(await gone(object))) await cluster.objects.delete(structuredClone(object));
  await sql`delete from allocation where contract = ${CONTRACT}`;
  await sql`delete from contract where id = ${CONTRACT}`;
  await sql`delete from tenant where buyer = 'planted'`;
  await sql`delete from hold where transaction = ${TRANSACTION}`;
  await sql`delete from flavor where id = 'planted'`;
  await sql`delete from lineage where id = 'planted'`;
  await temporal.workflow.getHandle(WORKFLOW).terminate('planted');
}
