/** Sellers that describe themselves well and answer all else as they like. */
import type { RequestListener } from 'node:http';
import { afterEach } from 'vitest';
import type { RearHttpLimits } from '../../src/adapters/rear-http/calls.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { acquisitionId, flavorId, transactionId } from '../../src/domain/ids.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock, identityOf } from '../fakes/samples.ts';

export const buyer = identityOf('south');
export const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
/** Roomy in time, so that a busy machine changes nothing. */
export const LIMITS: Partial<RearHttpLimits> = {
  describeMs: 15_000,
  listMs: 15_000,
  reserveMs: 15_000,
  purchaseMs: 15_000,
  extensionMs: 15_000,
  listBytes: 50_000,
  answerBytes: 50_000,
};
/** For who never answers completely. */
export const IMPATIENT: Partial<RearHttpLimits> = { ...LIMITS, listMs: 300, reserveMs: 300 };

export const DESCRIPTION = JSON.stringify({
  protocol: 'REAR',
  version: '2.0.0',
  dialect: 'rearguard',
  extensions: ['release', 'terminate', 'contract', 'notice', 'credentials'],
});

/** A seller that describes itself as one of ours (or as a FLUIDOS node), and answers all else as it likes. */
export async function seller(handler: RequestListener, dialect: 'rearguard' | 'fluidos' = 'rearguard', limits = LIMITS): Promise<Peer> {
  const { address, close } = await strangeServer((request, response) => {
    if (request.url !== '/.well-known/rear') handler(request, response);
    else if (dialect === 'fluidos') response.writeHead(404).end('404 page not found\n');
    else response.end(DESCRIPTION);
  });
  closing.push(close);
  return httpPeers({ clock: handClock(), limits }).at(address);
}
export const says =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
export const reserve = (peer: Peer) =>
  peer.reserve({ flavor: flavorId('a'), buyer, part: { cpu: '1', memory: '1Gi', pods: '1' }, idempotencyKey: acquisitionId('k-1') });
export const purchase = (peer: Peer) => peer.purchase({ transaction: transactionId('5f-1'), buyer });
