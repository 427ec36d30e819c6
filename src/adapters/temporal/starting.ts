import type { SearchAttributePair } from '@temporalio/common';
import type { ClusterId, ContractId } from '../../domain/ids.ts';
import { ATTRIBUTES } from './attributes.ts';

/** What the Temporal UI shows of a workflow before any of our code runs. The server takes 400 bytes of summary and 20,000 of details. */
export interface Shown {
  readonly staticSummary: string;
  readonly staticDetails?: string;
  readonly typedSearchAttributes: SearchAttributePair[];
}

export const attributes = (node: string, inPhase: string): SearchAttributePair[] => [
  { key: ATTRIBUTES.phase, value: inPhase },
  { key: ATTRIBUTES.node, value: node },
  { key: ATTRIBUTES.stuck, value: false },
];

/** What is known of a sale at its start: each change later is an event, and a write to the visibility store. */
export const saleAttributes = (node: string, id: ContractId, buyer: ClusterId | undefined): SearchAttributePair[] => [
  ...attributes(node, 'reservation'),
  { key: ATTRIBUTES.contract, value: id },
  ...(buyer ? [{ key: ATTRIBUTES.peer, value: buyer }] : []),
];

/** At most so many bytes of UTF-8, cut between characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let kept = text.slice(0, bytes);
  while (Buffer.byteLength(kept) > bytes - 3) kept = [...kept].slice(0, -1).join('');
  return `${kept}…`;
}

/** The document as a person reads it in the UI. */
export const shownIntent = (name: string, document: unknown, node: string): Shown => ({
  staticSummary: cut(`Intent ${name} of node ${node}`, 390),
  staticDetails: cut(`The intent as it was given:\n\n\`\`\`json\n${JSON.stringify(document, null, 2)}`, 19_000).concat('\n```'),
  typedSearchAttributes: attributes(node, 'intent'),
});
