import { z } from 'zod';
import { isAddress, parseAddress } from '../domain/address.ts';
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
