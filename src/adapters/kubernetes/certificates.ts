import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';

const PREFIX = 'liqo-remote-certificate-';

/** Liqo leaves behind what it signed for a slice: goes when no slice of that name is there. Secrets are listed first, so that a slice made meanwhile keeps its own. */
export async function removeCertificates(api: Api, namespace: string): Promise<void> {
  const secrets = await api.list(KINDS.secret, { namespace });
  const slices = await api.list(KINDS.resourceSlice, { namespace });
  const living = new Set(slices.items.map(({ metadata }) => PREFIX + metadata.name));
  for (const { metadata } of secrets.items)
    if (metadata.name.startsWith(PREFIX) && !living.has(metadata.name)) await api.remove(KINDS.secret, { namespace, name: metadata.name });
}
