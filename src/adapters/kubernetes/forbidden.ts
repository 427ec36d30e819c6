import type { OnForbidden } from './account.ts';
import type { Api } from './api.ts';
import { Refused, type StatusBody, isRefused } from './faults.ts';

/** A refusal that passes is none of ours to judge yet: as from a server that is not ready. */
export const refusedAs = ({ body, passes }: { readonly body: StatusBody; readonly passes?: true }): Refused =>
  new Refused(passes ? 503 : 403, body);

/** Of a namespace that is not there. */
const NOWHERE = 'NoNamespace';
const nowhere = (namespace: string): Refused => new Refused(404, { reason: NOWHERE, message: `namespaces "${namespace}" not found` });
/** What a list of a namespace that is not there is: an API server lists nothing of it. Throws what was refused for any other reason. */
export const nothingThere = (error: unknown): object => {
  if (isRefused(error, 404) && error.body.reason === NOWHERE) return {};
  throw error;
};

/** The same questions; what is refused for want of a right is asked again, answered, or refused, as `forbidden` makes of it. */
export const askingAgain =
  (once: Api['raw'], forbidden: OnForbidden): Api['raw'] =>
  async (...request) => {
    const began = Date.now();
    for (;;) {
      try {
        return await once(...request);
      } catch (error) {
        if (!isRefused(error, 403)) throw error;
        const answered = await forbidden(error, Date.now() - began);
        if ('absent' in answered) throw nowhere(answered.absent);
        if ('body' in answered) throw refusedAs(answered);
      }
    }
  };
