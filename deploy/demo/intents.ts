/** What the buyer of the demo asks for. */
export interface Wish {
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly replicas?: number;
  /** With clusters of the user's own, where nobody knows what fits at home. */
  readonly remote?: boolean;
}

/** An Intent document with one Deployment. Under Liqo's enforcement requests have to be limits; Rearguard fills them in. */
export const intentDocument = ({ name, cpu, memory, replicas = 1, remote = false }: Wish): object => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: {
    workload: {
      manifests: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'app' },
          spec: {
            replicas,
            selector: { matchLabels: { app: name } },
            template: {
              metadata: { labels: { app: name } },
              spec: { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu, memory } } }] },
            },
          },
        },
      ],
    },
    limits: { price: { amount: '1', currency: 'EUR', period: 'hourly' } },
    patience: '3m',
    ...(remote && { placement: 'remote' }),
  },
});
