/** What pods read of Secrets, found as a kubelet finds it: by the names in their own manifests. */
import type { Manifest } from '../../src/domain/manifest.ts';

interface PodSpec {
  readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[];
  readonly containers?: readonly {
    readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: { readonly name?: string } } }[];
    readonly envFrom?: readonly { readonly secretRef?: { readonly name?: string } }[];
  }[];
}
type Specified = Manifest & { readonly spec?: PodSpec & { readonly template?: { readonly spec?: PodSpec } } };

function namesIn({ spec }: Specified): readonly (string | undefined)[] {
  const { volumes = [], containers = [] } = spec?.template?.spec ?? spec ?? {};
  return [
    ...volumes.map(({ secret }) => secret?.secretName),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
  ];
}

/** The content of the one Secret that the pods of these manifests mount and take their environment from. */
export function mountedBy(manifests: readonly Manifest[] = []): Readonly<Record<string, string>> {
  const named = new Set(manifests.flatMap((each) => namesIn(each)).filter((name) => name !== undefined));
  const [name, ...others] = named;
  const secret = manifests.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === name);
  if (!secret || others.length > 0) throw new Error(`pods mount ${[...named].join(', ') || 'nothing'}, and one Secret is expected`);
  return secret['stringData'] as Readonly<Record<string, string>>;
}
