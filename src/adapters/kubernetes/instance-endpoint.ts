import type { Hosting } from '../../ports/hosting.ts';
import type { KubeObject } from './objects.ts';

export interface ServiceObject extends KubeObject {
  readonly spec?: { readonly type?: string; readonly ports?: readonly { readonly port?: number; readonly nodePort?: number }[] };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } };
}

/** Where an instance is reached: as its Service is exposed, under the name that the blueprint gives it. */
export function endpointOf(
  { spec, status }: ServiceObject,
  { service, port, host }: NonNullable<Parameters<Hosting['look']>[0]['endpoint']>,
  namespace: string,
): { readonly host: string; readonly port: number } | undefined {
  const nodePort = spec?.ports?.find((each) => each.port === port)?.nodePort;
  if (spec?.type === 'LoadBalancer') {
    const [ingress] = status?.loadBalancer?.ingress ?? [];
    const at = host ?? ingress?.ip ?? ingress?.hostname;
    return at === undefined ? undefined : { host: at, port };
  }
  if (host === undefined) return { host: `${service}.${namespace}.svc`, port };
  return { host, port: spec?.type === 'NodePort' ? (nodePort ?? port) : port };
}
