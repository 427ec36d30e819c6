import { z } from 'zod';
import { bareAddress, isAddress, isNodeAddress, parseAddress } from '../domain/address.ts';
import { currency } from '../domain/currency.ts';
import { parseAmount } from '../domain/money.ts';
import { parseQuantity } from '../domain/quantity.ts';

/** The kinds of values that a configuration holds, with what a wrong one is told. */

export const hostPort = z.string().refine(isAddress, 'must be host:port, the port from 1 to 65535');
export const listen = z.string().refine((text) => parseAddress(text) !== undefined, 'must be host:port (port 0 takes a free one)');
export const quantity = z
  .string()
  .refine((text) => (parseQuantity(text) ?? -1n) >= 0n, 'must be a Kubernetes quantity such as 500m, 4 or 8Gi');
export const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and hyphens, at most 63');
export const domain = z
  .string()
  .regex(/^(?=.{1,100}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'must be a lower-case DNS name of at most 100');
export const seconds = (most: number) => z.number().min(0.001).max(most);
export const payloadKey = z
  .string()
  .refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text), 'must be 32 bytes in base64, as `openssl rand -base64 32` prints them');

const NODE = 'must be host:port, or https://host:port for a node that is asked over TLS, the port from 1 to 65535';
const nodeAddress = z.string().max(300).refine(isNodeAddress, NODE);
/** A node that is asked for flavors: its address, or that with what TLS to it stands on. */
export const knownNode = z.union(
  [
    nodeAddress.transform((address): { readonly address: string; readonly caFile?: string | undefined } => ({ address })),
    z
      .strictObject({
        address: nodeAddress,
        caFile: z.string().min(1).optional().describe('PEM: the only authorities whose certificate it may show.'),
      })
      .refine(({ address, caFile }) => caFile === undefined || address !== bareAddress(address), {
        path: ['address'],
        error: 'must begin with https:// where a caFile stands beside it',
      }),
  ],
  NODE,
);

const file = z.string().min(1);
/** A certificate with its key. */
export const ownTls = z.strictObject({
  certFile: file.describe('PEM: the certificate, and those between it and the authority.'),
  keyFile: file.describe('PEM: its key.'),
});
/** What a listener shows, and which clients it lets in. */
export const serverTls = ownTls.extend({
  clientCaFile: file.optional().describe('PEM: the authorities of client certificates. Whoever shows none of theirs is not let in.'),
});

/** What one buyer may have at a time. */
export const limitFields = {
  contracts: z.number().int().min(0).max(1_000_000).optional().describe('Contracts that are not over.'),
  cpu: quantity.optional(),
  memory: quantity.optional(),
  pods: quantity.optional(),
  storage: quantity.optional(),
  gpu: quantity.optional(),
  credit: z
    .array(
      z.strictObject({
        amount: z
          .string()
          .refine((text) => parseAmount(text) !== undefined, 'must be a decimal such as "0.25"')
          .describe('An hour, a decimal in quotes.'),
        currency,
      }),
    )
    .max(20)
    .refine((all) => new Set(all.map((one) => one.currency)).size === all.length, 'must name each currency once')
    .optional()
    .describe('What all of it may cost an hour; other currencies have no limit.'),
};
