import type { Contract } from '../../src/domain/contract.ts';

/** The part of a node's management API that the demo uses, as its owner would. */
export interface Api {
  readonly url: string;
  createIntent(document: object): Promise<void>;
  endIntent(name: string): Promise<void>;
  contracts(filter: { readonly role: 'buyer' | 'seller'; readonly living: boolean }): Promise<readonly Contract[]>;
  contract(id: string): Promise<Contract>;
  endContract(id: string): Promise<void>;
  /** Workflow ids of what cannot be undone at the moment. */
  stuck(): Promise<readonly string[]>;
  retryTeardown(workflowId: string): Promise<void>;
}

/** What a call may take; the API has deadlines of its own below it. */
const CALL_MS = 20_000;

export function openApi(url: string): Api {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      signal: AbortSignal.timeout(CALL_MS),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${url}/api/v1${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  };
  return {
    url,
    createIntent: async (document) => void (await call('POST', '/intents', document)),
    endIntent: async (name) => void (await call('POST', `/intents/${name}/end`, {})),
    contracts: async ({ role, living }) =>
      (await call<{ items: readonly Contract[] }>('GET', `/contracts?role=${role}&living=${living}`)).items,
    contract: (id) => call('GET', `/contracts/${encodeURIComponent(id)}`),
    endContract: async (id) => void (await call('POST', `/contracts/${id}/end`, {})),
    stuck: async () =>
      (await call<{ items: readonly { workflowId: string }[] }>('GET', '/processes?stuck=true')).items.map(({ workflowId }) => workflowId),
    retryTeardown: async (workflowId) => void (await call('POST', '/processes/retry-teardown', { workflowId })),
  };
}
