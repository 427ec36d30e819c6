import type { IncomingMessage } from 'node:http';
import { instanceManifests } from '../../domain/blueprint.ts';
import { contractOver, pastItsEnd } from '../../domain/contract-over.ts';
import type { Contract, Handover } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { answersAt, isSecret, manifestsAt } from '../../domain/hosted.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { stateAt } from '../../domain/renewal.ts';
import { credentialsRequest, writeHandover } from '../../rear/extensions.ts';
import { type Answer, json } from './answers.ts';
import type { Callers } from './callers.ts';
import type { Rear } from './ports.ts';

/** As text: a template may have bytes in base64 too. */
function secretOf({ secret, manifests }: { readonly secret: string; readonly manifests: NonNullable<Handover['manifests']> }) {
  const found = manifests.find((manifest) => isSecret(manifest, secret));
  const { data = {}, stringData = {} } = (found ?? {}) as {
    readonly data?: Readonly<Record<string, string>>;
    readonly stringData?: Readonly<Record<string, unknown>>;
  };
  return Object.fromEntries([
    ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')] as const),
    ...Object.entries(stringData).map(([key, text]) => [key, String(text)] as const),
  ]);
}

/** The buyer's copy of the Secret has the values of the one here, and where the seller's part answers: its pods have nothing else to find that by. */
const withValues = (manifest: Manifest, values: Readonly<Record<string, string>>): Manifest => {
  const { data: _, ...rest } = manifest;
  return { ...rest, apiVersion: manifest.apiVersion, kind: manifest.kind, metadata: manifest.metadata, stringData: values };
};

/** The buyer of an instance gets what it needs to use it, or, where it is the host, to make it; past the contract's end no more, though nobody ended it yet. What goes out is read from the cluster each time: nothing of it is kept elsewhere. */
export function handingOver(
  { hosting, clock, options }: Pick<Rear, 'hosting' | 'clock' | 'options'>,
  { read, admit }: Callers,
  ofBuyer: (id: string, buyer: string) => Promise<Contract>,
): (incoming: IncomingMessage, id: string) => Promise<Answer> {
  return async (incoming, id) => {
    const { data, from } = await read(credentialsRequest, incoming);
    const found = await ofBuyer(id, data.buyerID.id);
    const { terms, agreement } = found;
    await admit({ as: data.buyerID, from, recorded: terms.buyer });
    const { id: contract, service } = terms;
    if (stateAt(found, clock.now()) !== 'active') throw contractOver({ terms, ending: pastItsEnd(found) });
    if (!service) throw new Fault('BAD_REQUEST', 'nothing is handed over of a slice');
    if (agreement && agreement.signatures.length < 2) throw new Fault('BUYER_REFUSED', 'this contract is not countersigned');
    const blueprint = await options.blueprints.of(terms.flavor);
    const { secret = '', endpoint } = blueprint ?? {};
    const { hostingPolicy } = service;
    const at = blueprint && endpoint && answersAt(hostingPolicy, blueprint);
    const made = blueprint && (await hosting.look({ contract, secret, ...(endpoint && at === 'seller' && { endpoint }) }));
    const pending = new Fault('SERVICE_PENDING', 'it is being made: ask again', { contract });
    if (!blueprint || !made?.ready) throw pending;
    const part = instanceManifests({ manifests: manifestsAt('buyer', hostingPolicy, blueprint) }, made.values);
    const theirs = endpoint && at === 'buyer' && { service: { name: endpoint.service, port: endpoint.port } };
    if (hostingPolicy === 'Consumer')
      return json(writeHandover({ secret: secretOf({ secret, manifests: part }), ...theirs, manifests: part }));
    const values = made.secret;
    if (!values || (at === 'seller' && !made.endpoint)) throw pending;
    const ours = made.endpoint && { endpoint: made.endpoint };
    const answers = ours ? { host: ours.endpoint.host, port: String(ours.endpoint.port) } : {};
    const manifests = part.map((manifest) => (isSecret(manifest, secret) ? withValues(manifest, { ...answers, ...values }) : manifest));
    return json(writeHandover({ secret: values, ...ours, ...theirs, manifests }));
  };
}
