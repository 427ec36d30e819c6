import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

type History = temporal.api.history.v1.History.$Properties;

/** A call or a timer of a history, and the line that the Temporal UI shows beside it. */
interface Told {
  readonly what: string;
  readonly summary: string;
}

/** Every activity and every timer of a history, in order. */
export const toldOf = ({ events }: History): readonly Told[] =>
  (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: call, timerStartedEventAttributes: timer, userMetadata }) => {
    const what = call ? (call.activityType?.name ?? 'activity') : timer ? `timer ${timer.timerId}` : undefined;
    const payload = userMetadata?.summary;
    return what === undefined ? [] : [{ what, summary: payload ? defaultPayloadConverter.fromPayload<string>(payload) : '' }];
  });

/** What says nothing of itself; empty when a person can read the whole history. */
export const untold = (history: History): readonly string[] =>
  toldOf(history).flatMap(({ what, summary }) => (summary.trim() ? [] : [what]));
