import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '../domain/faults.ts';
import { hindrance, type KindName, type UnmakeableKind } from '../domain/unmakeable.ts';
import type { ClusterKinds } from '../ports/cluster-kinds.ts';
import { type BlueprintConfiguration, blueprintOf } from './configuration-blueprint.ts';
import type { Readiness, ReadinessLog } from './readiness.ts';

const AGAIN_MS = 1_000;
const STAGE = 'blueprints';

/** What of the configured blueprints our cluster can make, of which nobody knows that, and what it lacks of those and of all others, by name. */
export interface Makeable {
  readonly blueprints: readonly BlueprintConfiguration[];
  readonly unsure: readonly BlueprintConfiguration[];
  readonly lacking: ReadonlyMap<string, UnmakeableKind>;
}

const isOf = (a: KindName, b: KindName): boolean => a.apiVersion === b.apiVersion && a.kind === b.kind;
const kindsOf = (written: BlueprintConfiguration): readonly KindName[] =>
  blueprintOf(written).manifests.map(({ apiVersion, kind }) => ({ apiVersion, kind }));

/**
 * Has the configured blueprints published, but for those with manifests of kinds that our cluster cannot make: who bought one would get nothing. Where that is not known nothing changes. Resolves when that is done for the first time; for as long as the process runs it
 * is done anew whenever such a kind comes or goes. What is not on sale is named in the log and at `/readyz`, with the reason; it keeps nothing else from being sold.
 */
export async function keepMakeable(input: {
  readonly blueprints: readonly BlueprintConfiguration[];
  readonly kinds: ClusterKinds;
  readonly publish: (makeable: Makeable) => Promise<void>;
  readonly readiness: Pick<Readiness, 'keepTrying' | 'say'>;
  readonly log: ReadinessLog;
  readonly signal: AbortSignal;
}): Promise<{ readonly following: Promise<void> }> {
  const { blueprints, kinds, publish, readiness, log, signal } = input;
  const wanted = blueprints.flatMap(kindsOf).filter((kind, index, all) => all.findIndex((other) => isOf(kind, other)) === index);
  let said = '';
  const publishMakeable = async (unmakeable: readonly UnmakeableKind[]): Promise<() => void> => {
    const looked = blueprints.map((written) => ({ written, lacks: hindrance(unmakeable, kindsOf(written)) }));
    const those = (is: (lacks: UnmakeableKind | undefined) => boolean): readonly BlueprintConfiguration[] =>
      looked.flatMap(({ written, lacks }) => (is(lacks) ? [written] : []));
    const lacking = new Map(looked.flatMap(({ written: { name }, lacks }) => (lacks ? [[name, lacks] as const] : [])));
    await publish({ blueprints: those((lacks) => !lacks), unsure: those((lacks) => lacks?.unknown === true), lacking });
    const told = (unknown: true | undefined): readonly string[] =>
      looked.flatMap(({ written: { name }, lacks }) => (lacks && lacks.unknown === unknown ? [`${name}: ${lacks.why}`] : []));
    const [wrong, unsure] = [told(undefined), told(true)];
    const parts = [
      ...(wrong.length > 0 ? [`not on sale: ${wrong.join('; ')}`] : []),
      ...(unsure.length > 0 ? [`on sale only if it was before: ${unsure.join('; ')}`] : []),
    ];
    const words = parts.length === 0 ? 'all are on sale' : parts.join('; ');
    return () => {
      if (words !== said && (parts.length > 0 || said !== '')) {
        log[parts.length === 0 ? 'info' : 'warn']({ wrong, unsure }, `of ${blueprints.length} blueprints ${words}`);
        readiness.say(STAGE, words);
      }
      said = words;
    };
  };
  const tell = await readiness.keepTrying(STAGE, async () => await publishMakeable(await kinds.unmakeable(wanted)), signal);
  tell();
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await kinds.watch(wanted, async (unmakeable) => void (await publishMakeable(unmakeable))(), signal);
      } catch (error) {
        if (signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        log.warn(
          { why, code: isFault(error) ? error.code : undefined },
          'looking at the kinds of blueprints was interrupted; beginning again',
        );
      }
      if (!signal.aborted) await pause(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  };
  return { following: wanted.length === 0 ? Promise.resolve() : follow() };
}
