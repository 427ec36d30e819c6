/** What the buyer of the demo asks for. */
export interface Wish {
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly replicas?: number;
  /** With clusters of the user's own, where nobody knows what fits at home. */
  readonly remote?: boolean;
  /** Bought beside it; the pods mount what is handed over. */
  readonly services?: readonly { readonly name: string; readonly category: string }[];
  readonly patience?: string;
}

/** An Intent document with one Deployment. Under Liqo's enforcement requests have to be limits; Rearguard fills them in. */
export const intentDocument = ({ name, cpu, memory, replicas = 1, remote = false, services = [], patience = '3m' }: Wish): object => ({
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
              spec: {
                containers: [
                  {
                    name: 'app',
                    image: 'registry.k8s.io/pause:3.10',
                    resources: { requests: { cpu, memory } },
                    ...(services.length > 0 && {
                      volumeMounts: services.map((service) => ({
                        name: service.name,
                        mountPath: `/run/services/${service.name}`,
                        readOnly: true,
                      })),
                    }),
                  },
                ],
                ...(services.length > 0 && {
                  volumes: services.map((service) => ({ name: service.name, secret: { secretName: service.name } })),
                }),
              },
            },
          },
        },
      ],
    },
    limits: { price: { amount: '1', currency: 'EUR', period: 'hourly' } },
    patience,
    ...(services.length > 0 && { services }),
    ...(remote && { placement: 'remote' }),
  },
});
