import type { Where } from './api.ts';
import { Unbelievable } from './bounds.ts';
import { type Kind, pathOf } from './kinds.ts';

/** A `continue` or `resourceVersion`; real ones have some hundred characters. */
const LONGEST_MARK = 4_096;

/** Where a collection is, or one object of it, with what else is asked of it. */
export function collectionPath(kind: Kind, { namespace, labels, name, fields }: Where, more: Readonly<Record<string, string>>): string {
  const params = new URLSearchParams(more);
  if (labels !== undefined) params.set('labelSelector', labels);
  if (name !== undefined) params.set('fieldSelector', `metadata.name=${name}`);
  else if (fields !== undefined) params.set('fieldSelector', fields);
  return `${pathOf(kind, namespace === undefined ? {} : { namespace })}?${params.toString()}`;
}

/** A page of a list: what is none is not passed on. */
export function pageOf(content: unknown): {
  readonly items: readonly unknown[];
  readonly more: string | undefined;
  readonly resourceVersion: string;
} {
  const page =
    typeof content === 'object' && content !== null ? (content as { readonly items?: unknown; readonly metadata?: unknown }) : {};
  const items = page.items ?? [];
  const metadata = page.metadata ?? {};
  if (!Array.isArray(items) || typeof metadata !== 'object') throw new Unbelievable('what it answers is no list');
  const { continue: more, resourceVersion } = metadata as { readonly continue?: unknown; readonly resourceVersion?: unknown };
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LONGEST_MARK) : '');
  return { items, more: text(more) || undefined, resourceVersion: text(resourceVersion) };
}
