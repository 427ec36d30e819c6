import { setTimeout as pause } from 'node:timers/promises';
import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { ACCOUNT, type Subject, binding } from './account-manifests.ts';
import { type Refused, type StatusBody, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { LIQO_KEYS, REARGUARD } from './labels.ts';
import { isOurs } from './meeting.ts';
import { type KubeObject, isGoing, label } from './objects.ts';
import { RIGHTS, ROLES, type Right, type Room, groupOf, resourceOf } from './rights.ts';

/** Asks an API server; throws `Refused`. */
export type Ask = <T>(method: string, path: string, body?: unknown, type?: string) => Promise<T>;

/** What is to be made of a refusal: asked again, the answer that nothing is there, or the refusal in words that name a remedy; one that `passes` may be none a moment later. */
type Answered = { readonly again: true } | { readonly absent: string } | { readonly body: StatusBody; readonly passes?: true };

/** Looks at what the API server refuses our account for want of a right (403). `sinceMs`: how long the same was tried already. */
export type OnForbidden = (refusal: Refused, sinceMs: number) => Promise<Answered>;

/** How long it may take until an API server knows of a binding, in milliseconds: where the role has the right; and where only its owner can have added it. */
const [KNOWN_MS, UNKNOWN_MS] = [5_000, 1_000];
const PAUSE_MS = 20;
const WORDS =
  /cannot (?<verb>\S+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)"| at the cluster scope)/;
const ESCALATION = 'attempting to grant RBAC permissions';
const ANSWER = 'rearguard rbac';
const GIVES = `\`${ANSWER} | kubectl apply -f -\` gives a node its rights`;

interface Lack {
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace?: string;
}
/** What RBAC says is missing; `undefined` for refusals of any other kind. */
function lackOf(words: string): Lack | undefined {
  const { verb, resource, group, namespace } = WORDS.exec(words)?.groups ?? {};
  if (verb === undefined || resource === undefined) return undefined;
  return { verb, resource, group: group ?? '', ...(namespace !== undefined && { namespace }) };
}

const has = (room: Room, { verb, resource, group }: Lack): boolean =>
  RIGHTS[room].some(
    (right) => groupOf(right.kind) === group && resourceOf(right) === resource && (right.verbs as readonly string[]).includes(verb),
  );

/**
 * Whether a node needs that right there. One that it needs and lacks may be given at any time; and an API server that starts refuses whoever is no administrator until it has read who may what, some seconds after it answers. So
 * what is refused then passes, as if nobody had answered.
 */
const needs = (room: Room, { verb, resource, group }: Lack): boolean =>
  (RIGHTS[room] as readonly Right[]).some(
    (right) =>
      right.optional !== true &&
      groupOf(right.kind) === group &&
      resourceOf(right) === resource &&
      (right.verbs as readonly string[]).includes(verb),
  );

/** By which command the right is given; of a namespace that is ours the workload's role is bound there, so what it lacks is a kind that blueprints make. */
function remedyOf(lack: Lack, ours: boolean): string {
  const { namespace, resource, group } = lack;
  if (namespace !== undefined && ours && !has('workload', lack) && !has('peering', lack))
    return `\`${ANSWER} --makes ${resource}${group && `.${group}`} | kubectl apply -f -\` lets what blueprints make be of that kind`;
  if (namespace !== undefined && !ours && has('offloading', lack))
    return `\`${ANSWER} --offloading-in ${namespace} | kubectl apply -f -\` lets it into that namespace`;
  return GIVES;
}

/** Whose rights they are. */
export async function subjectOf(ask: Ask): Promise<Subject> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { status } = await ask<{ status: { userInfo: { username: string } } }>(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    review,
  );
  const { username } = status.userInfo;
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  return namespace !== undefined && name !== undefined ? { kind: 'ServiceAccount', namespace, name } : { kind: 'User', name: username };
}

/**
 * Lets our account into namespaces that are ours or where we meet a peer, when it is refused there: it binds itself to the role that is meant for such a namespace, and the refused request is tried until the API server knows. So
 * no call has to think of it, and what an earlier release made is reached too. Of a namespace that is not there the API server tells nobody who may not look into it: the answer is then that nothing is there.
 */
export function openBinding(ask: Ask): OnForbidden {
  let subject: Promise<Subject> | undefined;
  const entering = new Map<string, Promise<'bound' | 'absent' | 'going' | 'theirs'>>();
  const enter = async (namespace: string): Promise<'bound' | 'absent' | 'going' | 'theirs'> => {
    let space: KubeObject;
    try {
      space = await ask<KubeObject>('GET', pathOf(KINDS.namespace, { name: namespace }));
    } catch (error) {
      if (isRefused(error, 404)) return 'absent';
      throw error;
    }
    const meeting = label(space, LIQO_KEYS.tenantNamespace) === 'true';
    if (namespace === OWN_NAMESPACE || !(meeting || isOurs(space))) return 'theirs';
    if (isGoing(space)) return 'going';
    subject ??= subjectOf(ask).catch((error: unknown) => {
      subject = undefined;
      throw error;
    });
    const bound = binding({ subject: await subject, of: 'ClusterRole', role: meeting ? ROLES.peering : ROLES.workload, namespace });
    const path = `${pathOf(KINDS.roleBinding, { namespace, name: ACCOUNT })}?fieldManager=${REARGUARD}&force=true`;
    await ask('PATCH', path, bound, 'application/apply-patch+yaml');
    return 'bound';
  };
  /** Many are refused at once: one enters for all. */
  const entered = (namespace: string): ReturnType<typeof enter> => {
    const under = entering.get(namespace) ?? enter(namespace).finally(() => entering.delete(namespace));
    entering.set(namespace, under);
    return under;
  };

  return async ({ body }, sinceMs) => {
    const words = body.message ?? '';
    const lack = lackOf(words);
    if (!lack) return words.includes(ESCALATION) ? { body: { ...body, message: `${words}; ${GIVES}` }, passes: true } : { body };
    const { namespace, resource } = lack;
    const inVain = (rooms: readonly Room[], ours: boolean): Answered => ({
      body: { ...body, message: `${words}; ${remedyOf(lack, ours)}` },
      ...(rooms.some((room) => needs(room, lack)) && { passes: true as const }),
    });
    if (namespace === undefined) return inVain(['node'], false);
    if (namespace === OWN_NAMESPACE) return inVain(['node', 'own'], false);
    if (resource === KINDS.roleBinding.plural) return inVain(['node'], false);
    const found = await entered(namespace).catch((error: unknown) => {
      if (isRefused(error)) return 'refused' as const;
      throw error;
    });
    if (found === 'absent') return { absent: namespace };
    if (found === 'going') return { body: { ...body, details: { causes: [{ reason: 'NamespaceTerminating' }] } } };
    if (found === 'theirs') return inVain(['node', 'liqo'], false);
    const ours = ['node', 'peering', 'workload'] as const;
    const known = ours.some((room) => needs(room, lack));
    if (found === 'refused' || sinceMs > (known ? KNOWN_MS : UNKNOWN_MS)) return inVain(ours, true);
    await pause(PAUSE_MS);
    return { again: true };
  };
}
