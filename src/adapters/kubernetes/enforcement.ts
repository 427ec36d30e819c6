import { ENFORCEMENTS, type Enforcement } from '../../domain/enforcement.ts';
import { isFault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import type { DeploymentObject } from './objects.ts';

/** What a program is told by a flag, as pflag reads it: the last one counts; `''` when it stands without a value. */
export function flagOf(args: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [i, arg] of args.entries()) {
    if (arg.startsWith(`--${name}=`)) value = arg.slice(name.length + 3);
    else if (arg === `--${name}`) value = args[i + 1]?.startsWith('-') === false ? args[i + 1] : '';
  }
  return value;
}

/** The arguments of one of Liqo's components, as its chart labels them; `undefined` when it runs as no Deployment, or we may not see it. */
async function argumentsOf(api: Api, component: string): Promise<readonly string[] | undefined> {
  try {
    const labels = `app.kubernetes.io/name=${component},app.kubernetes.io/part-of=liqo`;
    const { items } = await api.list<DeploymentObject>(KINDS.deployment, { namespace: 'liqo', labels });
    const [deployment] = items;
    return deployment?.spec?.template?.spec?.containers?.flatMap(({ command = [], args = [] }) => [...command, ...args]);
  } catch (error) {
    if (isFault(error) && error.code === 'CLUSTER_REFUSED') return undefined;
    throw error;
  }
}

/**
 * How hard Liqo v1.2.0 enforces quotas. Two of its components must be told: the controller manager, how; and the webhook, that it shall look at all (without, not even a cordoned
 * quota keeps pods away).
 */
export async function liqoEnforcement(api: Api): Promise<Enforcement | undefined> {
  const [manager, webhook] = [await argumentsOf(api, 'controller-manager'), await argumentsOf(api, 'webhook')];
  if (!manager || !webhook) return undefined;
  const looks = flagOf(webhook, 'enable-resource-enforcement');
  if (looks === undefined || looks === 'false') return 'None';
  return ENFORCEMENTS.find((each) => each === flagOf(manager, 'default-limits-enforcement')) ?? 'None';
}
