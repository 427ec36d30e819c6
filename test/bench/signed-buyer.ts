import http from 'node:http';
import { notary } from '../../src/adapters/keys/notary.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId, nodeId } from '../../src/domain/ids.ts';
import type { Notary } from '../../src/ports/notary.ts';
import type { Peers } from '../../src/ports/peer.ts';
import { DID_DOCUMENT, writeDidDocument } from '../../src/rear/did.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';

/** A buyer as sellers meet it: it signs what it asks, looks at every answer, and shows its key at its own address. */
export async function openSignedBuyer(name: string): Promise<{
  readonly identity: NodeIdentity;
  readonly peers: Peers;
  readonly notary: Notary;
  stop(): Promise<void>;
}> {
  const clock = { now: () => Date.now() };
  let shown = '';
  const server = http.createServer((request, response) => {
    if (request.url === DID_DOCUMENT) response.writeHead(200, { 'content-type': 'application/json' }).end(shown);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  const identity = {
    id: nodeId(name),
    address: `127.0.0.1:${place.port}`,
    domain: `${name}.example`,
    clusterId: clusterId(`${name}-buyer`),
  };
  const signer = signerAt(identity.address, clock);
  shown = JSON.stringify(writeDidDocument(signer.did, await signer.published()));
  const peerKeys = httpPeerKeys({ clock });
  const policy = { rules: [], otherwise: 'signed' } as const;
  const peers = httpPeers({
    clock,
    trust: {
      signer,
      peerKeys,
      knownSigners: memoryKnownSigners({ clock }),
      policy,
      replay: { pastMs: 120_000, futureMs: 60_000 },
    },
  });
  return {
    identity,
    peers,
    notary: notary({ signer, peerKeys, policy }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
