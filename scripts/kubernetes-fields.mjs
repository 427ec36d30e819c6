// The fields that the manifests of an intent may have, as Kubernetes declares them, out of the client library that is installed.
// Writes src/domain/kubernetes-fields.ts, which needs no library: node scripts/kubernetes-fields.mjs
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as everything from '@kubernetes/client-node';

const library = new Map(Object.entries(everything));

const KINDS = ['Deployment', 'Job', 'Pod', 'ConfigMap', 'Secret', 'Service'];
/** Kubernetes writes quantities as numbers, too; the library says that they are texts. */
const AMOUNTS = new Set([
  'EmptyDirVolumeSource.sizeLimit',
  'PodSpec.overhead',
  'ResourceFieldSelector.divisor',
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
]);
const PLAIN = { string: 'text', Date: 'text', number: 'whole', boolean: 'flag', IntOrString: 'wholeOrText', any: 'any' };

const nameOf = (model) => model.replace(/^(Core)?V1/, '');
const wordOf = (type, place) => {
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return `${wordOf(list[1], place)}[]`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return `${wordOf(map[1], place)}{}`;
  if (AMOUNTS.has(place)) return 'amount';
  return PLAIN[type] ?? nameOf(type);
};

/** One line a type: `name:type` of each field; `[]` is a list, `{}` a map by name. What only a cluster writes is not looked into. */
function table() {
  const types = new Map();
  const read = (model) => {
    const name = nameOf(model);
    if (types.has(name)) return;
    const fields = library.get(model).getAttributeTypeMap();
    types.set(name, '');
    const words = fields.map(({ baseName, type }) => {
      if (baseName === 'status' || baseName === 'managedFields') return `${baseName}:any`;
      const inner = type.replace(/^Array<(.*)>$/, '$1');
      if (!Object.hasOwn(PLAIN, inner) && library.has(inner)) read(inner);
      return `${baseName}:${wordOf(type, `${name}.${baseName}`)}`;
    });
    types.set(name, words.join(' '));
  };
  for (const kind of KINDS) read(`V1${kind}`);
  return [...types].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** What the file is to say. */
export function kubernetesFields() {
  const at = createRequire(import.meta.url).resolve('@kubernetes/client-node');
  const model = fs.readFileSync(at.replace(/index\.js$/, 'gen/models/V1Pod.js'), 'utf8');
  const [, version] = /OpenAPI spec version: release-(\S+)/.exec(model);
  const lines = table().map(([name, words]) => {
    const line = `  ${name}: '${words}',`;
    return line.length <= 140 ? line : `  ${name}:\n    '${words}',`;
  });
  return `/** The release of Kubernetes whose fields these are. */
export const KUBERNETES_RELEASE = '${version}';

/** The fields of what an intent may carry, as \`scripts/kubernetes-fields.mjs\` wrote them: \`name:type\`, \`[]\` for a list, \`{}\` for a map by name. */
export const KUBERNETES_FIELDS = {
${lines.join('\n')}
} as const;
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  fs.writeFileSync(fileURLToPath(new URL('../src/domain/kubernetes-fields.ts', import.meta.url)), kubernetesFields());
