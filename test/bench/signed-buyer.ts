import http from 'node:http';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId, nodeId } from '../../src/domain/ids.ts';
import type { Peers } from '../../src/ports/peer.ts';
import { DID_DOCUMENT, writeDidDocument } from '../../src/rear/did.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';

/** A buyer as sellers meet it: it signs what it asks, looks at every answer, and shows its key at its own address. */
export async function openSignedBuyer(name: string): Promise<{
  readonly identity: NodeIdentity;
  readonly peers: Peers;
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
  const peers = httpPeers({
    clock,
    trust: {
      signer,
      peerKeys: httpPeerKeys({ clock }),
      knownSigners: memoryKnownSigners({ clock }),
      policy: { rules: [], otherwise: 'signed' },
      replay: { pastMs: 120_000, futureMs: 60_000 },
    },
  });
  return {
    identity,
    peers,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
