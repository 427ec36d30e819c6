import { z } from 'zod';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { settings } from '../../src/runtime/read-configuration.ts';

type Schema = z.core.JSONSchema.BaseSchema;
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

const shown = (value: unknown): string => (value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``);
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const neededOf = ({ required, path: [section] }: ReturnType<typeof settings>[number]): string | undefined =>
  required === true ? '**required**' : required === 'with-section' ? `required with \`${section}\`` : undefined;

/** `docs/configuration.md`, from the schema that reads it. */
export function configurationManual(): string {
  const rows = settings().map((setting) =>
    row([
      `\`${setting.path.join('.')}\``,
      setting.type === 'array' || setting.type === 'object' ? `${setting.type} (JSON in a variable)` : setting.type,
      neededOf(setting) ?? shown(setting.default),
      `\`${setting.variable}\``,
      setting.description,
    ]),
  );
  const root = z.toJSONSchema(ConfigurationSchema, { io: 'input', unrepresentable: 'any' });
  /** The fields of what a list holds. */
  const rowsOf = (list: 'flavors' | 'blueprints'): string => {
    const schema = root.properties?.[list];
    const item = isSchema(schema) && isSchema(schema.items) ? (schema.items as Schema) : {};
    return Object.entries(item.properties ?? {})
      .flatMap(([name, each]) =>
        isSchema(each)
          ? [
              row([
                `\`${name}\``,
                item.required?.includes(name) ? '**required**' : shown(each.default),
                typeOf(each),
                each.description ?? '',
              ]),
            ]
          : [],
      )
      .join('\n');
  };
  return `# Configuration

One file per node (YAML or JSON), named by \`--config\` or \`REARGUARD_CONFIG\`; the environment stands over it, variable by variable. \`TEMPORAL_ADDRESS\`, \`TEMPORAL_NAMESPACE\` and
\`DATABASE_URL\` are read too (below our own variables, above the file), and \`KUBECONFIG\` (below both). A key that nobody reads is an error, and all errors are told at once. Both processes of a node
(\`rearguard serve\`, \`rearguard work\`) read the same file. This page is written from the schema: \`npx vitest run -u --project unit test/unit/configuration.test.ts\`.

The least that a node needs:

\`\`\`yaml
node:
  id: alice
  domain: alice.example
  address: alice.example:3004
\`\`\`

One that sells, and buys from another:

\`\`\`yaml
node: {id: alice, domain: alice.example, address: "alice.example:3004"}
cluster: {kubeconfig: /etc/rearguard/kubeconfig, apiAddress: "https://alice.example:6443"}
knownNodes: ["bob.example:3004"]
flavors:
  - name: large
    cpu: "16"
    memory: 64Gi
    pods: "110"
    price: {amount: "0.80", currency: EUR, period: hourly}
    location: {country: Italy, city: Turin}
    minimum: {cpu: 500m, memory: 512Mi, pods: "1"}
\`\`\`

A seller and a buyer on one machine, whole: [two nodes of your own](../deploy/playground/README.md#two-nodes-of-your-own) on the playground.

## Keys

| key | type | default | variable | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## A flavor

| key | default | type | meaning |
|---|---|---|---|
${rowsOf('flavors')}

## A blueprint

[Selling](selling.md#services) shows some.

| key | default | type | meaning |
|---|---|---|---|
${rowsOf('blueprints')}
`;
}

const typeOf = (schema: Schema): string =>
  schema.type === 'object' && schema.properties
    ? `{${Object.entries(schema.properties)
        .map(([name, inner]) => (isSchema(inner) && inner.default !== undefined ? `${name} (${String(inner.default)})` : name))
        .join(', ')}}`
    : String(schema.type ?? 'any');
