import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { configurationManual } from './configuration-manual.ts';
import { ConfigurationError, type Environment, readConfiguration, settings } from '../../src/runtime/read-configuration.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NODE = 'node: {id: alice, domain: alice.example, address: "10.0.0.1:3004"}\n';
let files = 0;
function read(text: string, environment: Environment = {}) {
  const file = path.join(folder, `${++files}.yaml`);
  writeFileSync(file, text);
  return readConfiguration({ file, environment });
}
function wrongOf(text: string, environment: Environment = {}): readonly string[] {
  try {
    read(text, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.wrong.map(({ field, problem }) => `${field}: ${problem}`);
    throw error;
  }
  return [];
}

test('three lines are a whole configuration', () => {
  const { rear, api, temporal, database, cluster, timing, knownNodes, flavors } = read(NODE);
  expect(rear).toMatchObject({ holdSeconds: 60, legacyHoldSeconds: 300, contractDays: 365, legacyBuyers: false, purchaseWaitSeconds: 12 });
  expect(api.listen).toBe('127.0.0.1:3005');
  expect(temporal).toMatchObject({ address: '127.0.0.1:7233', namespace: 'rearguard-alice' });
  expect(database.schema).toBe('rearguard_alice');
  expect(cluster).toEqual({ loopbackSellers: false });
  expect(timing).toEqual(DEFAULT_TIMING);
  expect([knownNodes, flavors]).toEqual([[], []]);
});

test('the environment alone is enough, and stands over the file', () => {
  const alone = readConfiguration({
    environment: {
      REARGUARD_NODE_ID: 'bob',
      REARGUARD_NODE_DOMAIN: 'bob.example',
      REARGUARD_NODE_ADDRESS: 'bob.example:3004',
      REARGUARD_REAR_HOLD_SECONDS: '5',
      REARGUARD_REAR_LEGACY_BUYERS: 'true',
      REARGUARD_KNOWN_NODES: 'a.example:1, https://b.example:2',
      REARGUARD_FLAVORS: '[{"name":"small","cpu":"1","memory":"1Gi","pods":"10"}]',
      REARGUARD_TIMING_NODE_ANSWER_MS: '250',
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      DATABASE_URL: 'postgres://u@db.example/x',
    },
  });
  expect(alone.rear).toMatchObject({ holdSeconds: 5, legacyBuyers: true });
  expect(alone.knownNodes).toEqual([{ address: 'a.example:1' }, { address: 'https://b.example:2' }]);
  expect(alone.flavors[0]).toMatchObject({ name: 'small', architecture: 'amd64', step: { cpu: '0', memory: '0', pods: '0' } });
  expect(alone.timing.nodeAnswerMs).toBe(250);
  expect([alone.temporal.address, alone.database.url]).toEqual(['temporal.example:7233', 'postgres://u@db.example/x']);

  const file = `${NODE}temporal: {address: "file.example:1"}\nrear: {holdSeconds: 7, contractDays: 1}\n`;
  const over = read(file, { TEMPORAL_ADDRESS: 'standard.example:2', REARGUARD_REAR_HOLD_SECONDS: '8' });
  expect(over.temporal.address).toBe('standard.example:2');
  expect(over.rear).toMatchObject({ holdSeconds: 8, contractDays: 1 });
  const ours = read(file, { TEMPORAL_ADDRESS: 'standard.example:2', REARGUARD_TEMPORAL_ADDRESS: 'ours.example:3' });
  expect(ours.temporal.address).toBe('ours.example:3');
});

describe('every wrong field is named, with what to write instead', () => {
  test.each<[string, string, Environment, readonly string[]]>([
    ['nothing at all', '', {}, ['node: is missing']],
    [
      'many at once',
      'node: {id: alice, domain: Alice, adress: "x:1"}\nrear: {holdSecond: 3, bodyLimitBytes: "many"}\ntimings: {}\n',
      {},
      [
        'node.domain: must be a lower-case DNS name of at most 100',
        'node.address: is missing',
        'node.adress: is not a known field; did you mean address?',
        'rear.bodyLimitBytes: must be a number, not "many"',
        'rear.holdSecond: is not a known field; did you mean holdSeconds?',
        'timings: is not a known field; did you mean timing?',
      ],
    ],
    ['a port beyond all', NODE.replace('3004', '70000'), {}, ['node.address: must be host:port, the port from 1 to 65535']],
    [
      'a flavor',
      `${NODE}flavors: [{name: Big, cpu: 4 cores, memory: 8Gi, pods: "10", price: {amount: 0.5, currency: EUR, period: hourley}}]\n`,
      {},
      [
        'flavors[0].name: must be a DNS label: lower-case letters, digits and hyphens, at most 63',
        'flavors[0].cpu: must be a Kubernetes quantity such as 500m, 4 or 8Gi',
        'flavors[0].price.amount: must be a text, not 0.5',
        'flavors[0].price.period: must be one of hourly, daily, weekly, monthly, yearly, not "hourley"; did you mean hourly?',
      ],
    ],
    [
      'currencies',
      `${NODE}flavors: [{name: a, cpu: "1", memory: 1Gi, pods: "1", price: {amount: "1", currency: eur}}]
sell: {prices: {cpu: "1", currency: USDD}}
rear: {buyerLimits: {credit: [{amount: "1", currency: Franken}]}}
`,
      {},
      [
        'rear.buyerLimits.credit[0].currency: must be an ISO 4217 code in capitals such as EUR, not "Franken"',
        'flavors[0].price.currency: must be an ISO 4217 code in capitals such as EUR, not "eur"; did you mean EUR?',
        'sell.prices.currency: must be an ISO 4217 code in capitals such as EUR, not "USDD"; did you mean USD?',
      ],
    ],
    [
      'the same flavor twice',
      `${NODE}flavors: [{name: a, cpu: "1", memory: 1Gi, pods: "1"}, {name: a, cpu: "1", memory: 1Gi, pods: "1"}]\n`,
      {},
      ['flavors[1].name: flavors[0] has the same name'],
    ],
    [
      'a minimum above the whole',
      `${NODE}flavors: [{name: a, cpu: "1", memory: 1Gi, pods: "1", minimum: {cpu: "2"}}]\n`,
      {},
      ['flavors[0].minimum.cpu: must be at most the whole flavor (1)'],
    ],
    [
      'a PURCHASE that does not hear that the tenant never came',
      `${NODE}rear: {purchaseWaitSeconds: 10}\n`,
      {},
      ['rear.purchaseWaitSeconds: must be more than timing.peeringReadyMs (10000 ms)'],
    ],
    [
      'an API that is open to all beyond loopback',
      `${NODE}api: {listen: "0.0.0.0:3005"}\n`,
      {},
      [
        'api.listen: is beyond loopback, and nobody is asked who they are: configure api.tokens, api.tokensFile or api.oidc (rearguard token create makes one), or bind to 127.0.0.1',
      ],
    ],
    ['one on a name of loopback', `${NODE}api: {listen: "localhost:3005"}\n`, {}, []],
    [
      'one that asks who it is',
      `${NODE}api: {listen: "[::]:3005", tokens: [{name: ops, role: operator, sha256: ${'0f'.repeat(32)}}]}\n`,
      {},
      [],
    ],
    [
      'one that asks those of a file',
      `${NODE}api: {listen: "10.0.0.1:3005"}\n`,
      { REARGUARD_API_TOKENS_FILE: '/etc/rearguard/tokens' },
      [],
    ],
    [
      'an issuer that is asked in clear, and one who signs with what all know',
      `${NODE}api: {oidc: {issuer: "http://id.example", audience: rearguard, algorithms: [HS256]}}\n`,
      {},
      [
        'api.oidc.issuer: must be an https:// URL without query (http:// on loopback only)',
        expect.stringMatching(/^api\.oidc\.algorithms\[0\]: must be one of RS256.*, not "HS256"/),
      ],
    ],
    [
      'known nodes that are none, and an authority that nobody would look at',
      `${NODE}knownNodes: ["http://a.example:1", "https://a.example:1/x", {address: "a.example:1", caFile: ca.pem}, {adress: "x"}]\n`,
      {},
      [
        'knownNodes[0]: must be host:port, or https://host:port for a node that is asked over TLS, the port from 1 to 65535',
        'knownNodes[1]: must be host:port, or https://host:port for a node that is asked over TLS, the port from 1 to 65535',
        'knownNodes[2].address: must begin with https:// where a caFile stands beside it',
        'knownNodes[3].address: is missing',
        'knownNodes[3].adress: is not a known field; did you mean address?',
      ],
    ],
    [
      'half of a certificate',
      `${NODE}rear: {tls: {certFile: cert.pem}, clientTls: {keyfile: key.pem}}\n`,
      {},
      [
        'rear.tls.keyFile: is missing',
        'rear.clientTls.certFile: is missing',
        'rear.clientTls.keyFile: is missing',
        'rear.clientTls.keyfile: is not a known field; did you mean keyFile?',
      ],
    ],
    [
      'a token in clear',
      `${NODE}api: {tokens: [{name: ops, role: root, sha256: rgt_secret}]}\n`,
      {},
      [
        'api.tokens[0].role: must be one of viewer, operator, admin, not "root"',
        'api.tokens[0].sha256: must be the SHA-256 of a token, 64 lower-case hex digits, as `rearguard token create` prints it',
      ],
    ],
    [
      'a misspelt variable',
      NODE,
      { REARGUARD_REAR_HOLD_SECOND: '3' },
      ['environment REARGUARD_REAR_HOLD_SECOND: is not a known variable; did you mean REARGUARD_REAR_HOLD_SECONDS?'],
    ],
    ['a variable of another type', NODE, { REARGUARD_REAR_HOLD_SECONDS: 'soon' }, ['rear.holdSeconds: must be a number, not "soon"']],
    ['a variable of somebody else', NODE, { REARGUARD_CACHE: '/tmp', REARGUARD_API: 'http://x' }, []],
    ['a list', '- 1\n', {}, [': must be an object']],
    ['an alias bomb', 'a: &a [x]\nb: [*a, *a]\n', {}, [': must not use aliases']],
    ['no YAML', 'node: {', {}, [expect.stringMatching(/^: .*line 1/)]],
    ['a key twice', `${NODE}${NODE}`, {}, [expect.stringMatching(/^: Map keys must be unique/)]],
  ])('%s', (_, text, environment, expected) => {
    expect(wrongOf(text, environment)).toEqual(expected);
  });

  test('a file that is not there', () => {
    expect(() => readConfiguration({ file: '/nowhere/x.yaml', environment: {} })).toThrow(
      /nowhere\/x\.yaml\)[^]*cannot be read \(ENOENT\)/,
    );
  });
});

test('every setting has a variable of its own and a description', () => {
  const all = settings();
  expect(new Set(all.map(({ variable }) => variable)).size).toBe(all.length);
  expect(all.filter(({ description }) => description === '').map(({ path }) => path.join('.'))).toEqual([]);
});

test('docs/configuration.md tells what is read (vitest -u writes it)', async () => {
  await expect(configurationManual()).toMatchFileSnapshot(path.resolve(import.meta.dirname, '../../docs/configuration.md'));
});

test('what has to be said only by whoever says something of its section is told apart from what every node needs', () => {
  const needed = (required: true | 'with-section') =>
    settings()
      .filter((setting) => setting.required === required)
      .map(({ path: at }) => at.join('.'));
  expect(needed(true)).toEqual(['node.id', 'node.domain', 'node.address']);
  expect(needed('with-section')).toContain('fluidos.namespace');
});
