import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { Fault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import { subjectOf } from './account.ts';
import { faultOf } from './faults.ts';
import { RIGHTS, type Right, groupOf, resourceOf } from './rights.ts';

const API = 'authorization.k8s.io/v1';
/** As many of what is missing are named. */
const MOST_NAMED = 4;

interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}
interface One {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
}

const oneByOne = (right: Right): readonly One[] =>
  right.verbs.flatMap((verb) =>
    (right.names ?? [undefined]).map((name) => ({
      verb,
      group: groupOf(right.kind),
      resource: resourceOf(right),
      ...(name !== undefined && { name }),
    })),
  );
const among = (all: readonly string[] | undefined, one: string): boolean => all?.some((each) => each === one || each === '*') ?? false;
const covers = (rule: ResourceRule, { verb, group, resource, name }: One): boolean =>
  among(rule.verbs, verb) &&
  among(rule.apiGroups, group) &&
  among(rule.resources, resource) &&
  ((rule.resourceNames ?? []).length === 0 || (name !== undefined && (rule.resourceNames ?? []).includes(name)));

/** Which of these rights our account does not have in a namespace. One question tells most; where somebody else than RBAC decides too, that list has gaps, and what is not in it is asked for by itself. */
async function missingIn(api: Api, namespace: string, rights: readonly Right[]): Promise<readonly One[]> {
  const review = { apiVersion: API, kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const { status } = await api.raw<{ status: { resourceRules?: readonly ResourceRule[] } }>(
    'POST',
    `/apis/${API}/selfsubjectrulesreviews`,
    review,
  );
  const unknown = rights
    .filter(({ optional }) => optional !== true)
    .flatMap(oneByOne)
    .filter((one) => !(status.resourceRules ?? []).some((rule) => covers(rule, one)));
  const missing: One[] = [];
  for (const one of unknown) {
    const [resource, subresource] = one.resource.split('/');
    const attributes = { namespace, verb: one.verb, group: one.group, resource, subresource, name: one.name };
    const { status: verdict } = await api.raw<{ status: { allowed: boolean } }>('POST', `/apis/${API}/selfsubjectaccessreviews`, {
      apiVersion: API,
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    });
    if (!verdict.allowed) missing.push(one);
  }
  return missing;
}

function words(missing: readonly One[]): string {
  const named = missing
    .slice(0, MOST_NAMED)
    .map(({ verb, resource, group, name }) => `${verb} ${resource}${group && `.${group}`}${name === undefined ? '' : ` ${name}`}`);
  return `${named.join(', ')}${missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : ''}`;
}
const whose = async (api: Api): Promise<string> => {
  const subject = await subjectOf((...question) => api.raw(...question));
  return subject.kind === 'User' ? subject.name : `system:serviceaccount:${subject.namespace}:${subject.name}`;
};

/** Fails with CLUSTER_REFUSED when our account lacks a right that every node needs: it names them, and by which command they are given. */
export async function checkRights(api: Api): Promise<void> {
  try {
    const places = [
      [OWN_NAMESPACE, [...RIGHTS.node, ...RIGHTS.own]],
      ['liqo', RIGHTS.liqo],
    ] as const;
    for (const [namespace, rights] of places) {
      const missing = await missingIn(api, namespace, rights);
      if (missing.length > 0)
        throw new Fault(
          'CLUSTER_REFUSED',
          `run \`rearguard rbac | kubectl apply -f -\`: in its cluster ${await whose(api)} may not ${words(missing)} (namespace ${namespace})`,
        );
    }
  } catch (error) {
    throw faultOf(error, 'what our account may do');
  }
}

/** Why our account cannot offload a user's own namespace; `undefined` when it can. */
export async function whyNotOffload(api: Api, namespace: string): Promise<string | undefined> {
  try {
    const missing = await missingIn(api, namespace, RIGHTS.offloading);
    // Whoever has not even a node's own rights is told nothing of this namespace: its API server may have begun a moment ago.
    if (missing.length === 0 || (await missingIn(api, namespace, RIGHTS.node)).length > 0) return undefined;
    return `${await whose(api)} may not ${words(missing)} there: \`rearguard rbac --offloading-in ${namespace} | kubectl apply -f -\` lets it`;
  } catch (error) {
    throw faultOf(error, `what our account may do in ${namespace}`);
  }
}
