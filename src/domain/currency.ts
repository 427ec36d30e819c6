import { z } from 'zod';
import { nearestName } from './nearest.ts';

/** What ISO 4217 calls money that is paid with. Asked for once somebody names one, and never within a workflow: runtimes know them by their own tables. */
let known: ReadonlySet<string> | undefined;
const codes = (): ReadonlySet<string> => (known ??= new Set(Intl.supportedValuesOf('currency')));

/** Whether it is an ISO 4217 code, as that spells it. */
export const isCurrency = (text: string): boolean => codes().has(text);

/** What somebody who wrote none is told, with the code that was probably meant. */
export function notCurrency(text: string): string {
  const upper = text.trim().toUpperCase();
  const near = isCurrency(upper) ? upper : nearestName(upper.slice(0, 16), [...codes()]);
  return `must be an ISO 4217 code in capitals such as EUR, not ${JSON.stringify(text.slice(0, 20))}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** A currency as we write one ourselves; what other nodes write is read as it is. */
export const currency = z
  .string()
  .refine(isCurrency, { error: ({ input }) => notCurrency(String(input)) })
  .meta({ pattern: '^[A-Z]{3}$' });
