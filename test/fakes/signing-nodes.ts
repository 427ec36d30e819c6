/** Nodes that sign, as nodes do by themselves, and requests as somebody could make them in the name of one. */
import { expect } from 'vitest';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { flavorId } from '../../src/domain/ids.ts';
import type { PeerRule, PeerRules } from '../../src/domain/peer-policy.ts';
import type { RearOptions, RearPorts } from '../../src/http/rear/ports.ts';
import type { Peers } from '../../src/ports/peer.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { writeBuyer } from '../../src/rear/extensions.ts';
import { contentDigest, signRequest } from '../../src/rear/signed-messages.ts';
import { rawCall } from './raw-http.ts';
import { type RearNode, rearNode } from './rear-node.ts';
import { handClock, sliceOf } from './samples.ts';

export const SIGNED: PeerRules = { rules: [], otherwise: 'signed' };
export const rules = (...each: readonly PeerRule[]): PeerRules => ({ rules: each, otherwise: 'signed' });
export const REPLAY = { pastMs: 120_000, futureMs: 60_000 };
export const SLICE = flavorId('slice');
export const PART = { cpu: '1', memory: '1Gi', pods: '1' };
export const RESERVATIONS = '/api/v2/reservations';
export const reservation = (buyer: NodeIdentity): string =>
  JSON.stringify({ flavorID: SLICE, ...writeBuyer(buyer), configuration: { type: 'k8slice', data: PART } });

/** What a seller answers to a signature that counts for nothing. */
export const why = (reason: string) => ({ status: 401, text: expect.stringContaining(`"why":"${reason}"`) as unknown });
/** The code of what a call fails with, and why; `ok` when it does not. */
export const codeOf = async (call: Promise<unknown>): Promise<string> =>
  await call.then(
    () => 'ok',
    (error: { code?: string; facts?: { why?: string } }) =>
      [error.code ?? String(error), ...(error.facts?.why ? [error.facts.why] : [])].join(' '),
  );

export interface Forging {
  readonly signer?: Signer;
  readonly createdMs?: number;
  readonly authority?: string;
  readonly target?: string;
  readonly nonce?: string;
  readonly signedBody?: string;
}
type Fields = Readonly<Record<string, string>>;

export interface SigningNodes {
  readonly clock: ReturnType<typeof handClock>;
  readonly north: RearNode;
  readonly south: RearNode;
  readonly deep: RearNode;
  /** One more node that sells a slice. */
  open(name: string, options?: Partial<RearOptions>, ports?: Partial<RearPorts>): Promise<RearNode>;
  /** What that node's own buying side asks others with. */
  peersOf(node: RearNode, policy?: PeerRules): Peers;
  /** A request as it could be made with some key, for some place, at some time; of south to north unless told otherwise. */
  forged(target: string, body: string, change?: Forging, headers?: Fields): Promise<Fields & { readonly signature: string }>;
  send(path: string, body: string, headers: Fields, to?: RearNode): Promise<{ readonly status: number; readonly text: string }>;
  reserve(change?: Forging, buyer?: NodeIdentity, to?: RearNode): Promise<{ readonly status: number; readonly text: string }>;
  onClose(close: () => Promise<void>): void;
  close(): Promise<void>;
}

export async function openSigningNodes(): Promise<SigningNodes> {
  const clock = handClock();
  const closing: (() => Promise<void>)[] = [];
  const open: SigningNodes['open'] = async (name, options = {}, ports = {}) => {
    const node = await rearNode({ name, clock, options: { policy: SIGNED, legacyBuyers: false, ...options }, ports });
    await node.memory.inventory.publish(sliceOf(node.identity, { id: SLICE }));
    closing.push(() => node.close());
    return node;
  };
  const [north, south, deep] = await Promise.all([open('north'), open('south'), open('deep')]);
  let nonces = 0;

  const forged: SigningNodes['forged'] = async (target, body, change = {}, headers = {}) => {
    nonces += 1;
    const { signer = south.signer, createdMs = clock.now(), authority = north.identity.address } = change;
    const nonce = change.nonce ?? `nonce-of-16-chars-${nonces}`;
    const digest = contentDigest(new TextEncoder().encode(change.signedBody ?? body));
    const fields: Record<string, string> = { 'content-type': 'application/json', 'content-digest': digest, ...headers };
    const parts = { method: 'POST', authority, target: change.target ?? target, field: (name: string) => fields[name] };
    return { ...fields, ...(await signRequest(parts, { hasBody: true, signer, createdMs, nonce })), accept: 'application/problem+json' };
  };
  const send: SigningNodes['send'] = async (path, body, headers, to = north) => {
    const { status, text } = await rawCall(to.port, 'POST', path, { body, headers: { host: to.identity.address, ...headers } });
    return { status, text };
  };
  return {
    clock,
    north,
    south,
    deep,
    open,
    peersOf: (node, policy = SIGNED) => {
      const peerKeys = httpPeerKeys({ clock });
      return httpPeers({ clock, trust: { signer: node.signer, peerKeys, knownSigners: node.knownSigners, policy, replay: REPLAY } });
    },
    forged,
    send,
    async reserve(change = {}, buyer = south.identity, to = north) {
      const body = reservation(buyer);
      return await send(RESERVATIONS, body, await forged(RESERVATIONS, body, change, { 'idempotency-key': `k-${nonces}` }), to);
    },
    onClose: (close) => void closing.push(close),
    async close() {
      for (const each of closing.splice(0)) await each();
    },
  };
}
