import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { KeyStore } from '../../ports/signer.ts';
import type { Api } from './api.ts';
import { type Log, isRefused } from './faults.ts';
import { keyOf } from './following.ts';
import { KINDS, pathOf } from './kinds.ts';
import type { SecretObject } from './objects.ts';
import { followPatiently } from './patience.ts';
import { ownNamespace } from './tenant-manifests.ts';

/** Within each. */
const FIELDS = { 'node-keys': 'keys.json', 'audit-heads': 'heads.jws' } as const;

/** Secrets in which a node keeps what is its own: the keys with which it signs, and the signed heads of its audit. */
type OwnSecret = keyof typeof FIELDS;
export const isOwnSecret = (name: string): boolean => name in FIELDS;

/**
 * Keys in a Secret of our own namespace: shared by the processes of a node wherever they run, and as safe as Secrets are in that cluster. What others write a glance knows once the watch told, some milliseconds after it was written;
 * while the API server cannot be watched it knows nothing new.
 */
export function secretKeyStore(api: Api, name: OwnSecret, log?: Pick<Log, 'warn'>): KeyStore {
  const where = { namespace: OWN_NAMESPACE, name };
  let told: string | undefined;
  const failed = (doing: string, error: unknown): Fault =>
    new Fault('KEYS_UNAVAILABLE', `${doing} Secret ${OWN_NAMESPACE}/${name}: ${isFault(error) ? error.message : 'the API server refused'}`);
  return {
    async read() {
      const secret = await api.get<SecretObject>(KINDS.secret, where).catch((error: unknown) => {
        throw failed('reading', error);
      });
      const text = secret?.data?.[FIELDS[name]];
      if (!secret || text === undefined) return undefined;
      return { text: Buffer.from(text, 'base64').toString('utf8'), version: secret.metadata.resourceVersion ?? '' };
    },
    glance: async () => told,
    follow(signal) {
      let troubled = false;
      void followPatiently<SecretObject>({
        api,
        look: { kind: KINDS.secret, ...where },
        signal: AbortSignal.any([signal, api.closed]),
        learn(objects) {
          told = objects.get(keyOf({ metadata: where }))?.metadata.resourceVersion ?? 'gone';
          troubled = false;
        },
        onTrouble({ code, message: why }) {
          if (!troubled)
            log?.warn({ code, why }, `Secret ${OWN_NAMESPACE}/${name} cannot be watched: what others write there is read within a minute`);
          troubled = true;
        },
        // What it holds is read when it is needed, and kept nowhere else.
        keep: ({ metadata }) => ({ metadata: { ...where, resourceVersion: metadata.resourceVersion ?? '' } }),
      });
    },
    async write(text, over) {
      const data = { [FIELDS[name]]: Buffer.from(text).toString('base64') };
      const metadata = { ...where, ...(over !== undefined && { resourceVersion: over }) };
      const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data };
      try {
        if (over === undefined) {
          await api.apply(ownNamespace());
          await api.raw('POST', pathOf(KINDS.secret, { namespace: OWN_NAMESPACE }), secret, 'application/json');
        } else await api.raw('PUT', pathOf(KINDS.secret, where), secret, 'application/json');
        return true;
      } catch (error) {
        if (isRefused(error, 409)) return false;
        throw failed('writing', error);
      }
    },
  };
}
