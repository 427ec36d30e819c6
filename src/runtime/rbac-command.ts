import type { Command } from 'commander';
import { stringify } from 'yaml';
import { type MadeKind, accountManifests, offloadingManifests } from '../adapters/kubernetes/account-manifests.ts';
import { CommandFailed, EXIT } from '../cli/client.ts';
import { type Output, json } from '../cli/printing.ts';
import { DNS_LABEL, OWN_NAMESPACE } from '../domain/ids.ts';
import { nearestName } from '../domain/nearest.ts';

interface Given {
  readonly namespace: string;
  readonly offloadingIn?: readonly string[];
  readonly makes?: readonly string[];
}

const namespaceOf = (text: string): string => {
  if (text.length > 63 || !DNS_LABEL.test(text)) throw new CommandFailed(`${text} cannot be the name of a namespace`, EXIT.usage);
  return text;
};
/** What Kubernetes has in its own group, `v1`, which goes without a name. */
const OF_KUBERNETES = (
  'bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims persistentvolumes ' +
  'pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services'
).split(' ');

/** `plural.group`, as `kubectl api-resources` says it; those of Kubernetes' own group have no group. */
function madeOf(text: string): MadeKind {
  const [plural = '', ...group] = text.split('.');
  if (!/^[a-z0-9.-]+$/.test(text) || !DNS_LABEL.test(plural))
    throw new CommandFailed(`${text} is no kind: say it as kubectl api-resources does, as in virtualmachines.kubevirt.io`, EXIT.usage);
  const named = group.join('.');
  if (named === '' && !OF_KUBERNETES.includes(plural)) {
    const near = nearestName(plural, OF_KUBERNETES);
    const words = `${plural} is no resource of Kubernetes' own group: say its group too, as in virtualmachines.kubevirt.io`;
    throw new CommandFailed(near === undefined ? words : `${words}; did you mean ${near}?`, EXIT.usage);
  }
  return { plural, group: named };
}

/** The account that a node needs in its cluster: printed, since whoever may make it is not who will run under it. */
export function rbacCommand(program: Command, output: Output): void {
  program
    .command('rbac')
    .description('prints the account of a node in its cluster, with exactly the rights that it needs, for kubectl apply -f -')
    .option('--namespace <name>', 'where the node runs, and its account is', OWN_NAMESPACE)
    .option('--makes <kind...>', 'what blueprints of this node make besides ready-made ones, as in virtualmachines.kubevirt.io')
    .option(
      '--offloading-in <namespace...>',
      'prints only what lets the account send pods of these namespaces of yours to what is acquired',
    )
    .action(({ namespace, offloadingIn, makes = [] }: Given) => {
      const at = namespaceOf(namespace);
      const manifests = offloadingIn
        ? offloadingManifests(offloadingIn.map(namespaceOf), at)
        : accountManifests({ namespace: at, makes: makes.map(madeOf) });
      const asJson = program.opts<{ json?: boolean }>().json ?? false;
      output.out(
        asJson
          ? json({ apiVersion: 'v1', kind: 'List', items: manifests })
          : manifests.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'),
      );
    });
}
