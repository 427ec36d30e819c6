import { defineSearchAttributeKey } from '@temporalio/common';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../../workflows/messages.ts';

// CommonJS: Node finds no named exports in it.
const { INDEXED_VALUE_TYPE_BOOL, INDEXED_VALUE_TYPE_DOUBLE, INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
const TYPES = { Keyword: INDEXED_VALUE_TYPE_KEYWORD, Double: INDEXED_VALUE_TYPE_DOUBLE, Bool: INDEXED_VALUE_TYPE_BOOL } as const;

/** Our search attributes as a namespace registers them: the server's type of each. */
export const ATTRIBUTE_TYPES = Object.fromEntries(Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]]));

type Ours = typeof SEARCH_ATTRIBUTES;
type OfType<T> = { [Name in keyof Ours]: Ours[Name] extends T ? Name : never }[keyof Ours];
const keyword = (name: OfType<'Keyword'>) => defineSearchAttributeKey(name, 'KEYWORD');
const bool = (name: OfType<'Bool'>) => defineSearchAttributeKey(name, 'BOOL');

/** Those that are written at a start and read in a list. */
export const ATTRIBUTES = {
  phase: keyword('RearguardPhase'),
  node: keyword('RearguardNode'),
  peer: keyword('RearguardPeer'),
  contract: keyword('RearguardContract'),
  stuck: bool('RearguardStuck'),
} as const;
