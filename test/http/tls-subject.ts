/** Authorities, certificates, and what is to be closed after each test of TLS. */
import { afterEach } from 'vitest';
import { authority } from '../fakes/certificates.ts';

export const ours = authority('ours');
export const others = authority('others');
export const HOSTS = ['127.0.0.1', 'localhost'];
export const good = ours.issue({ hosts: HOSTS });
export const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
