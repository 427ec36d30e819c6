import { condition } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Resources } from '../src/domain/resources.ts';

/** The server takes 400 bytes with their encoding (`limit.userMetadataSummarySize`); a character is 3 of them at most. */
const MOST_CHARACTERS = 120;
/** Words as the one line that Temporal shows beside an event. Names of peers are in it, so it is cut and holds no control characters. */
export const oneLine = (words: string): string => words.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, MOST_CHARACTERS);

/** Waits until something is so, for `ms` at most; the timer says in the Temporal UI what is waited for. */
export const waitFor = (words: string, until: () => boolean, ms: number): Promise<boolean> =>
  condition(until, Math.max(1, ms), { summary: oneLine(words) });

const amounts = ({ cpu, memory, pods }: Resources): string => `${cpu} cpu, ${memory}, ${pods} pods`;

/** What each activity does to whom, for a person at night who sees only the history. */
export const SUMMARIES: { readonly [K in keyof Activities]: (input: Parameters<Activities[K]>[0]) => string } = {
  configuration: () => 'read the configuration of this node',
  openIntent: () => 'is it an intent, and does it fit at home',
  lookAtHome: ({ request }) => `are ${amounts(request.resources)} free at home`,
  saveIntent: ({ record }) => `write down how intent ${record.status.name} went`,
  discoverServices: ({ services }) => `ask every known node for ${services.map(({ name, kind }) => `${kind} ${name}`).join(' and ')}`,
  discover: ({ request }) => `ask every known node for ${amounts(request.resources)}`,

  reserve: ({ candidate }) => `reserve ${candidate.flavor.id} at ${candidate.seller.domain}`,
  buy: ({ candidate }) => `buy ${candidate.flavor.id} of ${candidate.seller.domain}`,
  giveUp: ({ acquisition, seller, ending }) => `give up what ${acquisition} has at ${seller}: ${ending.reason}`,
  sell: ({ transaction }) => `sell what is held under ${transaction}`,
  markEnding: ({ contract, ending }) => `write down why ${contract} ends: ${ending.reason}`,
  giveBack: ({ contract }) => `put what ${contract} had back on sale`,
  notifyBuyer: ({ contract, buyer, ending }) => `tell ${buyer} that ${contract} ends: ${ending.reason}`,

  renew: ({ contract, seller }) => `ask ${seller} to go on with ${contract}`,
  giveNotice: ({ contract, ending }) => `give notice of the end of ${contract}: ${ending.reason}`,
  lapse: ({ contract }) => `end ${contract}, unless it was renewed`,

  joinPeering: ({ peer, user }) => `join the peering with ${peer} for ${user.contract}`,
  answerUsers: ({ peer, answers }) => `answer ${answers.length} who use the peering with ${peer}`,
  ensureTenant: ({ peer }) => `make the tenant of buyer ${peer}`,
  removeTenant: ({ peer }) => `remove the tenant of buyer ${peer}`,
  ensureIdentity: ({ peer, acquisition }) => `store our identity at seller ${peer}, as ${acquisition} got it`,
  removeIdentity: ({ peer }) => `remove our identity at seller ${peer}`,
  removeMeetingPlace: ({ peer }) => `remove the namespace shared with ${peer}`,
  extend: ({ acquisition, seller }) => `request slice ${acquisition} at ${seller}, until its virtual node is Ready`,
  withdrawSlice: ({ acquisition, seller }) => `cordon and delete slice ${acquisition} at ${seller}`,
  awaitSliceGone: ({ acquisition, seller }) => `wait until slice ${acquisition} is gone, which needs ${seller}`,
  admitSlice: ({ contract, buyer }) => `let in the slice of ${buyer} under ${contract}`,
  isSliceHere: ({ contract, buyer }) => `is a slice of ${buyer} here under ${contract}`,
  stopSlice: ({ contract, buyer }) => `stop what ${buyer} runs under ${contract}`,

  removeReplica: ({ contract, buyer }) => `remove the replica of ${buyer}'s slice under ${contract}`,

  handOver: ({ service, namespace, contract }) => `write Secret ${service} of ${namespace}, as handed over under ${contract}`,
  hostBought: ({ contract, acquisition }) => `run here what ${contract} hands over for ${acquisition}, until it is ready`,
  removeBought: ({ acquisition }) => `remove what ran here for ${acquisition}`,
  takeBack: ({ acquisition }) => `remove the Secret that ${acquisition} was handed over`,
  hostInstance: ({ contract }) => `make what ${contract} bought, until it is ready`,
  removeInstance: ({ contract }) => `remove what was made for ${contract}`,
  isCountersigned: ({ contract }) => `did the buyer countersign ${contract}`,

  prepareNamespace: ({ namespace, sellers }) => `namespace ${namespace}, offloaded to ${sellers.join(' and ') || 'nobody'}`,
  removeNamespace: ({ namespace, runId }) => `end the offloading of ${namespace}${runId ? ', and remove it' : ''}`,
  moveOffloadingAway: ({ namespace, keep }) => `offload ${namespace} to ${keep.join(' and ') || 'nobody'} only`,
  deploy: ({ intent, namespace, seller }) => `deploy ${intent} to ${namespace} at ${seller ?? 'home'}, until its pods run`,
  removeWorkload: ({ intent, namespace }) => `remove the workload of ${intent} from ${namespace}`,
  observeWorkload: ({ intent, seller }) => `how are the pods of ${intent} at ${seller ?? 'home'}`,
  observeNode: ({ acquisition }) => `is the virtual node of ${acquisition} Ready`,
  readContractBack: ({ contract, seller }) => `ask ${seller} whether ${contract} still lives`,
  tendContract: ({ contract, seller }) => `daily look: ask ${seller} after ${contract}, and renew our identity there`,
  isOpen: ({ workflowId }) => `does ${workflowId} still run`,

  reconcile: () => 'compare contracts with workflows, and see who answers',
};
