/** Certificates that tests make for themselves: an authority, and what it signs. X.509 v3 (RFC 5280) in the DER that is needed, no more; P-256, so that a key costs nothing. */
import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);

const [ECDSA_SHA256, ED25519] = [sequence(oid('2a8648ce3d040302')), sequence(oid('2b6570'))];
/** YYYYMMDDHHMMSSZ */
const time = (at: number): Buffer => text(0x18, `${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`);
const named = (commonName: string): Buffer => sequence(der(0x31, sequence(oid('550403'), text(0x0c, commonName))));
const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
const subjectAlternativeName = (hosts: readonly string[]): Buffer =>
  sequence(...hosts.map((host) => (isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : text(0x82, host))));

export interface Issued {
  readonly cert: string;
  readonly key: string;
}
export interface Authority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  issue(input: { readonly hosts: readonly string[]; readonly name?: string; readonly from?: number; readonly until?: number }): Issued;
}

const YEAR_MS = 365 * 86_400_000;
const pem = (what: Buffer, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${what.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;

function certificate(input: {
  readonly issuer: string;
  readonly signer: KeyObject;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly from: number;
  readonly until: number;
  readonly extensions: readonly Buffer[];
}): string {
  const { issuer, signer, subject, publicKey, from, until, extensions } = input;
  const told = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    named(issuer),
    sequence(time(from), time(until)),
    named(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  return pem(sequence(told, ECDSA_SHA256, bits(sign('sha256', told, signer))));
}

export function authority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const always = { from: Date.now() - YEAR_MS, until: Date.now() + 10 * YEAR_MS };
  const isAuthority = extension('551d13', true, sequence(der(0x01, Buffer.from([0xff]))));
  return {
    ca: certificate({
      issuer: name,
      signer: own.privateKey,
      subject: name,
      publicKey: own.publicKey,
      ...always,
      extensions: [isAuthority],
    }),
    issue({ hosts, name: subject = hosts[0] ?? 'nobody', from = Date.now() - 60_000, until = Date.now() + YEAR_MS }) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [extension('551d11', false, subjectAlternativeName(hosts))];
      return {
        cert: certificate({ issuer: name, signer: own.privateKey, subject, publicKey, from, until, extensions }),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

/** A request for a certificate (RFC 2986) with a new Ed25519 key, PEM: one name per organization, as Go writes them. */
function certificateRequest({
  organizations,
  commonName,
}: {
  readonly organizations: readonly string[];
  readonly commonName: string;
}): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const attribute = (id: string, value: string): Buffer => der(0x31, sequence(oid(id), text(0x13, value)));
  const asked = sequence(
    integer(Buffer.from([0])),
    sequence(...organizations.map((name) => attribute('55040a', name)), attribute('550403', commonName)),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa0),
  );
  return pem(sequence(asked, ED25519, bits(sign(null, asked, privateKey))), 'CERTIFICATE REQUEST');
}

/** One as a slice carries it; the end of its common name, a hash, is Liqo's to compare. */
export const sliceCsr = (slice: string, ...organizations: readonly string[]): string =>
  Buffer.from(certificateRequest({ organizations, commonName: `${slice}-0123456789ab` })).toString('base64');
