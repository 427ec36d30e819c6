import { defaultPayloadConverter } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What a workflow is for: an intent, and, of what is bought for it, the domain of its seller. Of a peering, which many share, neither. */
export interface Purpose {
  readonly intent?: string;
  readonly seller?: string;
}

const inputOf = (event: HistoryEvent | undefined): unknown => {
  const payload = event?.activityTaskScheduledEventAttributes?.input?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
};
interface Asked {
  readonly peer?: string;
  readonly transaction?: string;
  readonly candidate?: { readonly seller?: { readonly id?: string } };
}

/** What a purchase brought, as far as it leads anywhere. */
interface Brought {
  readonly sellerCluster?: string;
  readonly joined?: true;
}
const broughtBy = (event: HistoryEvent): Brought | undefined => {
  const payload = event.activityTaskCompletedEventAttributes?.result?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
};

const textOf = (payload: temporal.api.common.v1.IPayload | undefined): string | undefined => {
  const value: unknown = payload && defaultPayloadConverter.fromPayload(payload);
  return typeof value === 'string' ? value : undefined;
};

/** Another workflow, at the same node unless told otherwise, and for the same unless told otherwise. */
interface Next {
  readonly workflowId: string;
  readonly at?: string;
  readonly purpose: Purpose | 'same';
}

/** Which other workflows an event names: children, the peering that was joined (by a purchase, or by its own step), and the contract at the seller once PURCHASE came back. */
export function leadsTo(event: HistoryEvent, scheduled: Map<string, HistoryEvent>): readonly Next[] {
  const { workflowId: child, memo } = event.startChildWorkflowExecutionInitiatedEventAttributes ?? {};
  if (child) {
    const [intent, seller] = [textOf(memo?.fields?.['intent']), textOf(memo?.fields?.['seller'])];
    return [{ workflowId: child, purpose: { ...(intent !== undefined && { intent }), ...(seller !== undefined && { seller }) } }];
  }
  const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
  if (activity) {
    scheduled.set(String(event.eventId), event);
    return [];
  }
  const closed =
    event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  const before = closed && scheduled.get(String(closed.scheduledEventId));
  const asked = inputOf(before ?? undefined) as Asked | undefined;
  switch (before?.activityTaskScheduledEventAttributes?.activityType?.name) {
    case 'joinPeering':
      return asked?.peer ? [{ workflowId: `peering/${asked.peer}`, purpose: {} }] : [];
    case 'buy': {
      const { joined, sellerCluster } = broughtBy(event) ?? {};
      const sold = asked?.transaction;
      const at = asked?.candidate?.seller?.id;
      return [
        ...(sold && at ? [{ workflowId: `contract/${sold}`, at, purpose: 'same' } as const] : []),
        ...(joined && sellerCluster ? [{ workflowId: `peering/${sellerCluster}`, purpose: {} }] : []),
      ];
    }
    default:
      return [];
  }
}
