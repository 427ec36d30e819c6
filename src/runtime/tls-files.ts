import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { z } from 'zod';
import { Fault } from '../domain/faults.ts';
import type { ServerTls } from '../http/listen.ts';
import type { ownTls, serverTls } from './configuration-fields.ts';
import type { Parts } from './parts.ts';
import { followFiles } from './watched-files.ts';

type OwnTls = z.output<typeof ownTls>;

const unusable = (what: string, path: string, why: string): Fault =>
  new Fault('CONFIGURATION_INVALID', `${what}: ${path} ${why}`, { what, file: path });

/** A file's text. CONFIGURATION_INVALID. */
async function readPem(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(what, path, `cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'})`);
  }
}

/** Authorities, as Node's TLS takes them: their certificates are looked at, since Node passes over what is none. CONFIGURATION_INVALID. */
export async function readAuthorities(what: string, path: string): Promise<string> {
  const pem = await readPem(what, path);
  certificateIn(what, path, pem);
  return pem;
}

function certificateIn(what: string, path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unusable(what, path, 'holds no certificate');
  }
}

/** A certificate and its key, which fit each other. CONFIGURATION_INVALID. */
export async function readOwnTls(what: string, { certFile, keyFile }: OwnTls): Promise<{ readonly cert: string; readonly key: string }> {
  const cert = await readPem(what, certFile);
  const key = await readPem(what, keyFile);
  const shown = certificateIn(what, certFile, cert);
  try {
    createSecureContext({ cert, key });
  } catch {
    // What OpenSSL says may quote what it has read.
    throw unusable(what, keyFile, `is not the key of ${certFile}`);
  }
  if (Date.parse(shown.validTo) < Date.now()) throw unusable(what, certFile, `is of a certificate that was over at ${shown.validTo}`);
  return { cert, key };
}

type World = Pick<Parts, 'log' | 'readiness' | 'signal'>;

/** A listener's certificates, now and whenever their files change. */
export async function openServerTls(
  what: string,
  files: z.output<typeof serverTls>,
  { log, readiness, signal, changed }: World & { readonly changed: (now: ServerTls) => void },
): Promise<ServerTls> {
  const { certFile, keyFile, clientCaFile } = files;
  const { mode } = await stat(keyFile).catch(() => ({ mode: 0 }));
  if ((mode & 0o007) !== 0) log.warn({ what, file: keyFile }, 'the key of a certificate may be read by strangers: chmod 0600 it');
  const say = (words: string): void => readiness.say(what, words);
  const until = ({ cert }: ServerTls): string => `the certificate is good until ${new X509Certificate(cert).validTo}`;
  const followed = await followFiles({
    what,
    files: [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])],
    read: async (): Promise<ServerTls> => ({
      ...(await readOwnTls(what, files)),
      ...(clientCaFile !== undefined && { clientCa: await readAuthorities(what, clientCaFile) }),
    }),
    changed(now) {
      changed(now);
      say(until(now));
    },
    troubled: (why) => say(why ?? until(followed.now())),
    log,
    signal,
  });
  say(until(followed.now()));
  return followed.now();
}
