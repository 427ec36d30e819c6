import { ENFORCEMENTS, type Enforcement } from '../../domain/enforcement.ts';
import { isFault } from '../../domain/faults.ts';
import type { Fabric } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import type { Look } from './following.ts';
import { KINDS } from './kinds.ts';
import { type DeploymentObject, label } from './objects.ts';
import { followPatiently } from './patience.ts';
import { openSettling } from './settling.ts';

/** What a program is told by a flag, as pflag reads it: the last one counts; `''` when it stands without a value. */
export function flagOf(args: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [i, arg] of args.entries()) {
    if (arg.startsWith(`--${name}=`)) value = arg.slice(name.length + 3);
    else if (arg === `--${name}`) value = args[i + 1]?.startsWith('-') === false ? args[i + 1] : '';
  }
  return value;
}

const NAME = 'app.kubernetes.io/name';
/** The two that hold buyers to their quotas, as Liqo's chart labels them. */
const LOOK: Look = {
  kind: KINDS.deployment,
  namespace: 'liqo',
  labels: `app.kubernetes.io/part-of=liqo,${NAME} in (controller-manager,webhook)`,
};

const argumentsOf = ({ spec }: DeploymentObject): readonly string[] =>
  spec?.template?.spec?.containers?.flatMap(({ command = [], args = [] }) => [...command, ...args]) ?? [];

/** Whether no pod of before runs any more. */
const isRolledOut = ({
  metadata: { generation },
  status: { observedGeneration, replicas = 0, updatedReplicas = 0 } = {},
}: DeploymentObject) => observedGeneration === generation && replicas === updatedReplicas;

/**
 * How hard Liqo v1.2.0 enforces quotas. Two of its components must be told: the controller manager, how; and the webhook, that it shall look at all (without, not even a cordoned
 * quota keeps pods away). `undefined` where it runs as no Deployments. What was less before is not `Hard` as long as pods of before run: they may still write quotas.
 */
function enforcementOf(deployments: Iterable<DeploymentObject>, before?: Enforcement): Enforcement | undefined {
  const all = [...deployments];
  const [manager, webhook] = ['controller-manager', 'webhook'].map((name) => all.find((each) => label(each, NAME) === name));
  if (!manager || !webhook) return undefined;
  const looks = flagOf(argumentsOf(webhook), 'enable-resource-enforcement');
  if (looks === undefined || looks === 'false') return 'None';
  const told = ENFORCEMENTS.find((each) => each === flagOf(argumentsOf(manager), 'default-limits-enforcement')) ?? 'None';
  const isStronger = before !== undefined && before !== 'Hard' && told === 'Hard';
  return isStronger && !(isRolledOut(manager) && isRolledOut(webhook)) ? before : told;
}

const isForbidden = (error: unknown): boolean => isFault(error) && error.code === 'CLUSTER_REFUSED';

/** The calls of the port Fabric that tell it; a change is one against what either told last. */
export function enforcementCalls({ api, log }: { readonly api: Api; readonly log: Log }): Pick<Fabric, 'enforcement' | 'watchEnforcement'> {
  let last: Enforcement | undefined;
  const look = (deployments: Iterable<DeploymentObject>): Enforcement | undefined => {
    last = enforcementOf(deployments, last);
    return last;
  };
  return {
    async enforcement() {
      try {
        return look((await api.list<DeploymentObject>(LOOK.kind, LOOK)).items);
      } catch (error) {
        if (isForbidden(error)) return undefined;
        throw error;
      }
    },
    async watchEnforcement(sink, signal) {
      const ending = new AbortController();
      const stop = (): void => ending.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      let known: { readonly enforcement: Enforcement | undefined } | undefined;
      const telling = openSettling(
        () => known,
        ({ enforcement }) => sink(enforcement),
      );
      const learn = (enforcement: Enforcement | undefined): void => {
        known = { enforcement };
        telling.changed();
      };
      let mayList = false;
      let said = '';
      const following = followPatiently<DeploymentObject>({
        api,
        look: LOOK,
        signal: ending.signal,
        learn(objects) {
          mayList = true;
          learn(look(objects.values()));
        },
        onTrouble(fault) {
          if (fault.message !== said) log.warn({ code: fault.code, why: fault.message }, 'what Liqo enforces cannot be watched');
          said = fault.message;
          // While nobody answers it is believed to be as it was; what we may not see is not known.
          if (isForbidden(fault) && !mayList) learn(undefined);
          mayList = false;
        },
      });
      try {
        await Promise.race([telling.failed, following]);
      } finally {
        telling.stop();
        stop();
        signal.removeEventListener('abort', stop);
        await following.catch(() => undefined);
      }
    },
  };
}
