/**
 * What other people wrote (the examples of the specification), from the folder that `REAR_SAMPLES` names: not ours to copy.
 * The specification's dialect is read, never written.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { flavorId } from '../../src/domain/ids.ts';
import { readContract } from '../../src/rear/contract.ts';
import { readFlavors } from '../../src/rear/flavor.ts';
import { firstIssue } from '../../src/rear/reading.ts';
import { readTransaction, reservation } from '../../src/rear/reservation.ts';

// Set to nothing is not set.
const folder = process.env['REAR_SAMPLES'] || undefined;
if (folder === undefined) console.info('REAR_SAMPLES is not set: the samples of other people are not read');
const sample = (name: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder ?? '', 'rear', name), 'utf8'));

describe.skipIf(folder === undefined)('samples of the specification', () => {
  const listed = (type: string, data: unknown) => readFlavors([{ ...sample('flavor.json'), type: { name: type, data } }]);

  test('a k8slice flavor, in its own spelling', () => {
    const { flavors, unreadable } = listed('k8slice', sample('k8slice.json'));
    expect(unreadable).toEqual([]);
    expect(flavors[0]).toMatchObject({
      id: 'flavor-123',
      owner: { id: 'node-789', address: '192.168.1.1', clusterId: 'liqo-001' },
      location: { country: 'USA' },
      price: { amount: '100', currency: 'USD', period: 'monthly' },
      offer: {
        architecture: 'x86',
        resources: { cpu: '2', memory: '4Gi', pods: '5', storage: '100Gi', gpu: '1' },
        gpu: { model: 'NVIDIA Tesla K80', cores: '1', memory: '12Gi' },
        latencyMs: 50,
        partitionability: { min: { cpu: '500m', memory: '1Gi', pods: '1' }, step: { cpu: '250m', memory: '512Mi', pods: '1' } },
      },
    });
  });

  test.each([['vm'], ['sensor']])('a %s flavor is a row that cannot be read', (type) => {
    const { flavors, unreadable } = listed(type, sample(`${type}.json`));
    expect({ flavors, unreadable }).toEqual({ flavors: [], unreadable: [`"flavor-123": type.data.name: no blueprint`] });
  });

  test('a reservation, with keys in upper case', () => {
    expect(reservation.parse(sample('reservation.json'))).toMatchObject({ flavorID: 'flavor-789' });
  });

  test('a transaction, whose buyer is a reference to another file', () => {
    expect(readTransaction(sample('transaction.json'), { flavor: flavorId('asked-for') })).toEqual({
      id: 'txn-001',
      flavorId: 'flavor-789',
      expiresAt: '2024-12-31T23:59:59Z',
    });
  });

  test('a contract of references to other files is none, and says why', () => {
    const why = (): string => {
      try {
        readContract(sample('contract.json'), { receivedAt: '2024-01-01T00:00:00Z' });
        return 'it was read';
      } catch (error) {
        return error instanceof z.ZodError ? firstIssue(error) : String(error);
      }
    };
    expect(why()).toBe('flavor.flavorID: not a lower-case Kubernetes name');
  });
});
