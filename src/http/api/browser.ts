import type { Context } from 'hono';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Why a request is not taken, when a foreign page in somebody's browser sends it: from another origin, or to a loopback API under a name that is
 * not loopback (DNS rebinding). Where no credential is
 * configured nobody is asked who they are, so loopback must mean loopback. Other clients send neither header.
 */
export function foreign(context: Context, loopbackOnly: boolean): string | undefined {
  const host = context.req.header('host') ?? '';
  if (loopbackOnly && !LOOPBACK.test(host)) return `this API listens on loopback and is not known as ${host.slice(0, 100)}`;
  const site = context.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'requests of other sites are not taken';
  const origin = context.req.header('origin');
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return 'requests of other origins are not taken';
  return undefined;
}
