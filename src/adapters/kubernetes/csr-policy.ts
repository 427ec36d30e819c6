/**
 * What a policy can say of a certificate that a slice asks for. Liqo v1.2.0 compares the common name and the first organization of a CSR, and signs for whatever else stands in it; Kubernetes takes each organization
 * for a group, and Liqo gives all of a tenant's remote namespaces, Secrets among it, to the group of its cluster id. So a tenant that names a second organization would be that tenant too.
 *
 * CEL decodes nothing, so what the CSR has to begin with is encoded: DER (RFC 2986) as far as its subject goes, in PEM, in base64 as JSON carries it. The subject is one organization and one common name, as Go writes
 * them; of the common name only Liqo knows the end, a hash, and compares it. All lengths are in it, so nothing else fits.
 */

/** Liqo's keys: their lengths in a CSR, of the key, and of the signature with its algorithm. RSA with 2,048 bits is Liqo's `tlsCompatibilityMode`. */
const KEYS = { ed25519: { key: 44, signature: 74 }, rsa: { key: 294, signature: 276 } } as const;
type Key = keyof typeof KEYS;

/** Longer ones would take another form of length. */
const LONGEST_NAME = 100;
/** Of the hash in a common name, and the hyphen before it. */
const HASH = 13;

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** `-----BEGIN CERTIFICATE REQUEST-----` and the end of the line: 36 bytes, so that what comes after it is encoded by itself. */
const BEGIN = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

const literal = (character: string): string => (character === '\n' ? `'\\n'` : `'${character}'`);
/** Of a line's end, of base64, and of the names of clusters and slices. */
const CODES = `{${[...'\n-.', ...BASE64].map((each) => `${literal(each)}: ${each.charCodeAt(0)}`).join(', ')}}`;
const NUMBERS = `[${Array.from({ length: 100 }, (_, n) => n).join(', ')}]`;

const [NUMBER, LETTERS] = ['variables.numbers', 'variables.letters'];
const letter = (value: string): string => `${LETTERS}.charAt(${value})`;
const codesOf = (text: string): string => `${text}.split('').map(c, variables.codes[c])`;
/** As far as the bytes make whole groups. */
const base64 = (bytes: string): string =>
  `${NUMBER}.filter(i, 3 * i + 2 < ${bytes}.size()).map(i, ${[
    letter(`${bytes}[3 * i] / 4`),
    letter(`${bytes}[3 * i] % 4 * 16 + ${bytes}[3 * i + 1] / 16`),
    letter(`${bytes}[3 * i + 1] % 16 * 4 + ${bytes}[3 * i + 2] / 64`),
    letter(`${bytes}[3 * i + 2] % 64`),
  ].join(' + ')}).join('')`;
const lines = (text: string): string =>
  `${NUMBER}.filter(i, i * 64 < ${text}.size()).map(i, ${text}.substring(i * 64, i * 64 + 64 < ${text}.size() ? i * 64 + 64 : ${text}.size())).join('\\n')`;

/** Tag and length of a SEQUENCE. */
const head = (length: string): string =>
  `(${length} < 128 ? [48, ${length}] : ${length} < 256 ? [48, 129, ${length}] : [48, 130, ${length} / 256, ${length} % 256])`;
/** A name of one attribute, by the last byte of its type's object identifier (2.5.4.x), as a PrintableString. */
const attribute = (type: number, length: string): string => `[49, ${length} + 9, 48, ${length} + 7, 6, 3, 85, 4, ${type}, 19, ${length}]`;
const [COMMON_NAME, ORGANIZATION] = [3, 10];

const [O, CN, NAME] = ['variables.tenant.size()', `(object.metadata.name.size() + ${HASH})`, 'variables.subjectLength'];
const of = (key: Key, what: string): string => `${key}${what}`;
const variable = (name: string, expression: string) => ({ name, expression });

const variablesOf = (key: Key) => [
  variable(of(key, 'Info'), `3 + ${head(NAME)}.size() + ${NAME} + ${KEYS[key].key} + 2`),
  variable(of(key, 'Length'), `variables.${of(key, 'Info')} + ${head(`variables.${of(key, 'Info')}`)}.size() + ${KEYS[key].signature}`),
  variable(of(key, 'Der'), `${head(`variables.${of(key, 'Length')}`)} + ${head(`variables.${of(key, 'Info')}`)} + variables.subject`),
  variable(of(key, 'Base64'), base64(`variables.${of(key, 'Der')}`)),
  variable(of(key, 'Lines'), lines(`variables.${of(key, 'Base64')}`)),
  variable(of(key, 'Pem'), codesOf(`variables.${of(key, 'Lines')}`)),
  variable(of(key, 'Csr'), `'${BEGIN}' + ${base64(`variables.${of(key, 'Pem')}`)}`),
];

/** What `OWN_SUBJECT` is made of; `variables.tenant` stands before it. */
export const SUBJECT_VARIABLES: readonly { readonly name: string; readonly expression: string }[] = [
  variable('letters', `'${BASE64}'`),
  variable('codes', CODES),
  variable('numbers', NUMBERS),
  variable('subjectLength', `${O} + 11 + ${CN} + 11`),
  variable(
    'subject',
    `[2, 1, 0] + ${head(NAME)} + ${attribute(ORGANIZATION, O)} + ${codesOf('variables.tenant')} + ${attribute(COMMON_NAME, CN)} + ${codesOf("(object.metadata.name + '-')")}`,
  ),
  ...variablesOf('ed25519'),
  ...variablesOf('rsa'),
];

/** Whether the certificate that a slice asks for, if it does, is of the tenant alone. */
export const OWN_SUBJECT = `!has(object.spec.csr) || (object.metadata.name.size() <= ${LONGEST_NAME} && (${(Object.keys(KEYS) as Key[])
  .map((key) => `object.spec.csr.startsWith(variables.${of(key, 'Csr')})`)
  .join(' || ')}))`;
