import { expect } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';

interface Rules {
  readonly incomplete: boolean;
  readonly resourceRules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly nonResourceRules: readonly { readonly nonResourceURLs: readonly string[]; readonly verbs: readonly string[] }[];
}
/** What Kubernetes lets every account do (`system:basic-user`, `system:discovery`, `system:public-info-viewer`, `system:service-account-issuer-discovery`): ask what it may do, and what the API server is. */
export const ANYBODY: readonly string[] = [
  'selfsubjectaccessreviews.authorization.k8s.io [] [create]',
  'selfsubjectreviews.authentication.k8s.io [] [create]',
  'selfsubjectrulesreviews.authorization.k8s.io [] [create]',
  ...['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'].map(
    (url) => `${url} [get]`,
  ),
  ...['/.well-known/openid-configuration', '/openid/v1/jwks'].flatMap((url) => [`${url} [get]`, `${url}/ [get]`]),
];

/** What `kubectl auth can-i --list` asks, and prints. */
export async function canI(account: Api, namespace: string): Promise<readonly string[]> {
  const api = 'authorization.k8s.io/v1';
  const review = { apiVersion: api, kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const { status } = await account.raw<{ status: Rules }>('POST', `/apis/${api}/selfsubjectrulesreviews`, review);
  expect(status.incomplete).toBe(false);
  const rules = [
    ...status.resourceRules.flatMap(({ apiGroups, resources, verbs, resourceNames = [] }) =>
      apiGroups.flatMap((group) =>
        resources.map((one) => `${one}${group && `.${group}`} [${resourceNames.join(' ')}] [${verbs.join(' ')}]`),
      ),
    ),
    ...status.nonResourceRules.flatMap(({ nonResourceURLs, verbs }) => nonResourceURLs.map((url) => `${url} [${verbs.join(' ')}]`)),
  ];
  // One URL may stand in two roles.
  return [...new Set(rules)].toSorted();
}
