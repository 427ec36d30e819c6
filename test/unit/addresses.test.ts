/** Where a seller's kubeconfig may lead us: not to our own machine, and not to where clouds say who we are, under whatever name. */
import https from 'node:https';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkServer, guardedLookup } from '../../src/adapters/kubernetes/addresses.ts';
import { openApi } from '../../src/adapters/kubernetes/api.ts';
import { foreignConnection } from '../../src/adapters/kubernetes/connection.ts';
import { identityCalls } from '../../src/adapters/kubernetes/fabric-buyer.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { writeKubeconfig } from '../../src/adapters/kubernetes/kubeconfig.ts';
import type { AddressRules, Resolve } from '../../src/domain/forbidden-addresses.ts';
import { acquisitionId, clusterId } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import { callbackRefusal } from '../../src/http/rear/callback.ts';
import { CERTIFICATE, KEY } from './certificate.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const STRICT = { loopback: false, resolve: resolveName };
const PLAYGROUND = { loopback: true, resolve: resolveName };
const to =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const refused = expect.objectContaining({ code: 'KUBECONFIG_REFUSED' });

const OWN = [
  '127.0.0.1',
  '127.8.9.10',
  '0.0.0.0',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::',
  '::ffff:127.0.0.1',
  '::FFFF:7f00:1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::127.0.0.1',
  '2002:7f00:1::',
];
const METADATA = [
  '169.254.169.254',
  'fe80::1',
  'fe80::1%eth0',
  '::ffff:169.254.1.1',
  '64:ff9b::a9fe:a9fe',
  'fd00:ec2::254',
  'FD00:EC2:0:0::254',
  '100.100.100.200',
  '::ffff:100.100.100.200',
  '2002:a9fe:a9fe::1',
  '224.0.0.1',
  '255.255.255.255',
  'ff02::1',
];
const FINE = [
  '192.0.2.20',
  '64:ff9b::192.0.2.20',
  '2002:c000:214::1',
  '::ffff:192.0.2.20',
  '1::',
  '10.1.2.3',
  '192.168.1.2',
  '100.100.100.201',
  '2001:db8::1',
  'fd00::1',
];

test.each([...OWN, ...METADATA])('a buyer that wants to hear of the end at %s is held to the same table', (address) => {
  const at = address.includes(':') ? `[${address.replace(/%.*$/, '')}]:80` : `${address}:80`;
  expect(callbackRefusal(at, { loopback: false })).toMatch(/^is /);
  expect(callbackRefusal(at, { loopback: true }) === undefined).toBe(OWN.includes(address));
});

describe('before credentials are kept', () => {
  test.each([
    ...OWN.map((address) => [address, 'cluster.loopbackSellers'] as const),
    ...METADATA.map((address) => [address, undefined] as const),
  ])('what %s is refused for names the setting that would allow it, if there is one', async (address, setting) => {
    const host = address.includes(':') ? `[${address.replace(/%.*$/, '')}]` : address;
    const refusal = (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => undefined,
        (error: unknown) => error,
      );
    const [named, resolved, both] = await Promise.all([
      refusal(checkServer(`https://${host}`, STRICT)),
      refusal(checkServer('https://north.example', { ...STRICT, resolve: to('192.0.2.20', address) })),
      refusal(checkServer('https://north.example', { ...STRICT, resolve: to('127.0.0.1', '169.254.169.254') })),
    ]);
    const said =
      setting === undefined ? expect.not.stringContaining('loopbackSellers') : expect.stringContaining(`${setting} has to allow it`);
    for (const each of [named, resolved]) {
      expect(each).toMatchObject({ message: said });
      expect((each as { readonly facts: object }).facts).toHaveProperty('why');
      expect((each as { readonly facts: { readonly setting?: string } }).facts.setting).toBe(setting);
    }
    expect((both as { readonly facts: object }).facts).not.toHaveProperty('setting');
  });
  test.each([...OWN, ...METADATA])('a name that resolves to %s is refused', async (address) => {
    await expect(checkServer('https://north.example', { ...STRICT, resolve: to(address) })).rejects.toEqual(refused);
    await expect(checkServer('https://north.example', { ...STRICT, resolve: to('192.0.2.20', address) })).rejects.toEqual(refused);
  });
  test.each(OWN)('%s is let in by the operator of a playground', async (address) => {
    await checkServer('https://north.example', { ...PLAYGROUND, resolve: to(address) });
  });
  test.each(METADATA)('%s is let in by nobody', async (address) => {
    await expect(checkServer('https://north.example', { ...PLAYGROUND, resolve: to(address) })).rejects.toEqual(refused);
  });
  test.each(FINE)('%s passes', async (address) => {
    await checkServer('https://north.example', { ...STRICT, resolve: to(address) });
  });
  test('an address needs no name', async () => {
    for (const host of ['127.0.0.1:6443', '[::1]', '2130706433'])
      await expect(checkServer(`https://${host}`, STRICT)).rejects.toEqual(refused);
    await checkServer('https://192.0.2.20:6443', STRICT);
  });
  test('a name that nobody can resolve now passes: it is looked at again whenever we connect', async () => {
    await checkServer('https://north.example', {
      ...STRICT,
      resolve: async () => {
        throw new Error('ENOTFOUND');
      },
    });
  });
  test('nothing is stored of a seller on our own machine', async () => {
    const kubeconfig = writeKubeconfig({ server: 'https://127.0.0.1:6443', ca: CERTIFICATE, token: 't' });
    const stored: unknown[] = [];
    const api = { get: async () => undefined, apply: async (manifest: unknown) => stored.push(manifest) };
    const calls = (rules: typeof STRICT) => identityCalls(api as never, async () => clusterId('south'), rules);
    const input = {
      acquisition: acquisitionId('0123456789ab-1'),
      credentials: { clusterId: clusterId('north'), kubeconfig: Buffer.from(kubeconfig).toString('base64') },
      renewable: true,
    };
    await expect(calls(STRICT).storeCredentials(input)).rejects.toEqual(refused);
    expect(stored).toEqual([]);
    await calls(PLAYGROUND).storeCredentials(input);
    expect(stored).toHaveLength(1);
  });
});

describe('whenever we connect', () => {
  let server: https.Server;
  let port: number;
  let asked: number;
  beforeEach(async () => {
    asked = 0;
    server = https.createServer({ key: KEY, cert: CERTIFICATE }, (_request, response) => {
      asked += 1;
      response.end('{"items":[]}');
    });
    server.on('connection', () => {
      asked += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as { port: number });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const list = async (rules: AddressRules, resolve: Resolve): Promise<unknown> => {
    const access = { server: `https://hostile.example:${port}`, ca: CERTIFICATE, token: 't' };
    const api = openApi(foreignConnection(access, { ...rules, resolve }), quiet);
    try {
      return await api.list(KINDS.pod);
    } finally {
      api.close();
    }
  };

  test('a name that has become ours is refused, and nothing is sent', async () => {
    await expect(list(STRICT, to('127.0.0.1'))).rejects.toEqual(refused);
    await expect(list(PLAYGROUND, to('127.0.0.1', '169.254.169.254'))).rejects.toEqual(refused);
    expect(asked).toBe(0);
  });
  test('in a playground it is reached under the address that was looked at', async () => {
    expect(await list(PLAYGROUND, to('127.0.0.1'))).toMatchObject({ items: [] });
  });
  test('an address of ours is refused at once', () => {
    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254'])
      expect(() => foreignConnection({ server: `https://${host}:${port}` }, STRICT)).toThrow(/refused/);
  });
  test('a caller that wants one address gets the first', async () => {
    const found = await new Promise((resolve, reject) => {
      guardedLookup({ ...STRICT, resolve: to('192.0.2.20', '192.0.2.21') })('north.example', {}, (error, address, family) =>
        error ? reject(error) : resolve({ address, family }),
      );
    });
    expect(found).toEqual({ address: '192.0.2.20', family: 4 });
  });
});
