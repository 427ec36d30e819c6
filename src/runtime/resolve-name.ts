import dns from 'node:dns';
import type { Resolve } from '../domain/forbidden-addresses.ts';

/** Milliseconds that a name may take: shorter than what any call to it may. */
const LOOK_MS = 2_000;

/** All addresses that the system finds for a name. An address is itself. */
export const resolveName: Resolve = async (host) => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${host} was not resolved in time`)), LOOK_MS);
  });
  try {
    return await Promise.race([dns.promises.lookup(host, { all: true }), late]);
  } finally {
    clearTimeout(timer);
  }
};
