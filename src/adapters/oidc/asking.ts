import { isLoopbackHost } from '../../domain/forbidden-addresses.ts';
import { Fault } from '../../domain/faults.ts';

/** What an issuer may take and send: its documents are a few kilobytes. */
export interface IssuerLimits {
  readonly answerMs: number;
  readonly answerBytes: number;
  /** After a failure it is not asked again for so long: whoever sends us tokens must not make us knock at its door. */
  readonly pauseMs: number;
  /** How old its keys may be, in milliseconds; a token of a key that we do not know yet has them asked for sooner, but not more often than `pauseMs`. */
  readonly keepMs: number;
}
export const DEFAULT_ISSUER_LIMITS: IssuerLimits = { answerMs: 5_000, answerBytes: 262_144, pauseMs: 30_000, keepMs: 600_000 };

/** Whether an issuer, or its keys, may be asked there: over TLS, or on our own machine. */
export const isIssuerUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, hash, search } = new URL(text);
  return (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) && username === '' && hash === '' && search === '';
};

export const unknowable = (why: string): Fault => new Fault('CALLERS_UNKNOWABLE', `who asks cannot be found out: ${why}`);

/** Gets a document, within time and size, and never from where it sends us instead. CALLERS_UNKNOWABLE. */
export async function boundedGet(url: string, { answerMs, answerBytes }: IssuerLimits): Promise<string> {
  if (!isIssuerUrl(url)) throw unknowable(`the issuer names an address that is not asked (${url.slice(0, 200)})`);
  const signal = AbortSignal.timeout(answerMs);
  try {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw unknowable(`${url} answers with status ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      // Leaving the loop cancels the body.
      if (size > answerBytes) throw unknowable(`${url} answers with more than ${answerBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw unknowable(`${url} ${signal.aborted ? `did not answer within ${answerMs} ms` : 'does not answer'}`);
  }
}
