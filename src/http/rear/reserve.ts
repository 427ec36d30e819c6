import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Fault, type FaultCode, isFault } from '../../domain/faults.ts';
import type { Flavor } from '../../domain/flavor.ts';
import { DNS_SUBDOMAIN, flavorId } from '../../domain/ids.ts';
import { IDEMPOTENCY_KEY } from '../../rear/extensions.ts';
import { isRecord } from '../../rear/json.ts';
import { firstIssue } from '../../rear/reading.ts';
import { blueprintOf, readPart, reservation, type WireConfiguration, writeTransaction } from '../../rear/reservation.ts';
import type { ServiceTerms } from '../../domain/contract.ts';
import { wantedInstance } from './reserve-instance.ts';
import { type Answer, json, Refusal, refuse } from './answers.ts';
import { callbackRefusal } from './callback.ts';
import type { Callers } from './callers.ts';
import type { Listed } from './list.ts';
import type { Rear } from './ports.ts';
import { tellAndThrow, toldOf } from './told.ts';
import { turnsOf } from './turns.ts';

const UNKNOWN_FLAVOR = 'Error getting the Flavor by ID';
const WRONG_TYPE = 'Configuration type not supported';
const WRONG_CAST = 'Error casting the flavor data to ServiceFlavor';

/** Reservations of one buyer that ask the store at a time: they wait for each other there, and would keep its connections from everybody else. */
const AT_ONCE = 2;

/** Refusals of who was let in of which the audit tells: no honest buyer meets them. */
const TOLD: readonly FaultCode[] = ['BUYER_REFUSED', 'TOO_MANY_HOLDS', 'LIMIT_REACHED'];

/** Handles RESERVE_FLAVOR; refusals are the rows of our notes' section 3. One statement of the store per reservation. */
export function reserving(
  rear: Rear,
  { read, admit }: Callers,
  current: () => Promise<Listed>,
): (incoming: IncomingMessage) => Promise<Answer> {
  const { inventory, audit, options } = rear;
  const inTurn = turnsOf(AT_ONCE);
  const sellsToFluidos = options.legacyBuyers || options.policy.rules.some(({ policy }) => policy === 'legacy');

  /** A FLUIDOS node looks for the flavor first: whatever else is wrong, an unknown one is told. */
  const unlessUnknown = async (flavor: string, otherwise: Refusal | ((found: Flavor) => Refusal)): Promise<Refusal> => {
    const found = (await current()).find(flavor);
    if (found === undefined) return unknown(flavor);
    return otherwise instanceof Refusal ? otherwise : otherwise(found);
  };

  const part = async (flavor: string, configuration: WireConfiguration | undefined): Promise<ReturnType<typeof readPart> | undefined> => {
    if (configuration === undefined) return undefined;
    if (configuration.type !== 'k8slice') throw await unlessUnknown(flavor, (found) => wrongType(found, configuration));
    try {
      if (configuration.data === undefined) throw new Fault('CONFIGURATION_INVALID', 'no data');
      return readPart(configuration.data);
    } catch (error) {
      const why = error instanceof z.ZodError ? firstIssue(error) : 'no data';
      throw await unlessUnknown(
        flavor,
        new Refusal(500, 'Error forging the configuration object', new Fault('CONFIGURATION_INVALID', why)),
      );
    }
  };

  /** A part of a slice, or an instance. These are sold to whoever sends a key: a FLUIDOS node could not take over what is handed over. */
  const wants = async (
    flavor: string,
    configuration: WireConfiguration | undefined,
    key: string | undefined,
  ): Promise<Partial<ReturnType<typeof readPart>> & { readonly service?: ServiceTerms }> => {
    const kind = key === undefined ? undefined : blueprintOf(configuration?.type ?? '');
    if (kind === undefined) return (await part(flavor, configuration)) ?? {};
    const found = await inventory.flavor(flavorId(flavor));
    if (found === undefined) throw unknown(flavor);
    return { service: await wantedInstance(found, { kind, data: configuration?.data }, options.blueprints) };
  };

  const translated = async (error: unknown, flavor: string, configuration: WireConfiguration | undefined): Promise<unknown> => {
    if (!isFault(error)) return error;
    if (error.code === 'NOT_FOUND' || error.code === 'FLAVOR_GONE') return new Refusal(500, UNKNOWN_FLAVOR, error);
    if (error.code !== 'CONFIGURATION_INVALID') return error;
    return await unlessUnknown(flavor, ({ offer }) => {
      if (offer.kind === 'k8slice') return new Refusal(400, `Error: ${error.message}`, error);
      return configuration === undefined
        ? refuse(500, 'CONFIGURATION_INVALID', WRONG_CAST)
        : refuse(400, 'CONFIGURATION_INVALID', WRONG_TYPE);
    });
  };

  return async (incoming) => {
    const key = keyOf(incoming);
    if (key === undefined && !sellsToFluidos) {
      throw refuse(403, 'BUYER_REFUSED', 'Error: this node sells to buyers that send an Idempotency-Key');
    }
    const { data, from } = await read(reservation, incoming);
    const { flavorID, buyerID: buyer, configuration } = data;
    // What no flavor can be called is none that we have; a database would choke on some of it.
    if (!DNS_SUBDOMAIN.test(flavorID)) throw unknown(flavorID);
    const wanted = await wants(flavorID, configuration, key).catch(async (error: unknown) => {
      throw await translated(error, flavorID, configuration);
    });
    if (buyer.clusterId === undefined) throw await unlessUnknown(flavorID, refuse(400, 'BAD_REQUEST', 'Error: LiqoID not provided'));
    if (buyer.id === '') throw await unlessUnknown(flavorID, refuse(400, 'BAD_REQUEST', 'Error: buyer ID not provided'));
    const unheard = buyer.address === '' ? undefined : callbackRefusal(buyer.address, { loopback: options.loopbackBuyers });
    if (unheard !== undefined) throw await unlessUnknown(flavorID, refuse(400, 'BAD_REQUEST', `Error: the buyer's IP ${unheard}`));
    try {
      // Before anything is held, and after whatever can be told without asking anybody.
      await admit({ as: buyer, from, fluidos: key === undefined });
      const limits = options.limitsOf(buyer);
      const transaction = await inTurn(buyer.id, () =>
        inventory.reserve({
          flavor: flavorId(flavorID),
          buyer,
          transaction: options.newTransaction(),
          ttlMs: key === undefined ? options.legacyHoldMs : options.holdMs,
          limits,
          ...(limits.holds === undefined ? {} : { maxHolds: limits.holds }),
          ...wanted,
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      ).catch(async (error: unknown) => {
        if (!isFault(error) || !TOLD.includes(error.code)) throw error;
        const { code, message } = error;
        return await tellAndThrow(error, () => audit.tally({ kind: 'reservation-refused', code, ...toldOf(buyer.id, from, message) }));
      });
      return json(writeTransaction({ transaction, buyer, configuration }));
    } catch (error) {
      throw await translated(error, flavorID, configuration);
    }
  };
}

const unknown = (flavor: string): Refusal =>
  new Refusal(500, UNKNOWN_FLAVOR, new Fault('NOT_FOUND', 'no such flavor', { flavor: flavor.slice(0, 253) }));

function keyOf(incoming: IncomingMessage): string | undefined {
  const key = incoming.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key;
  throw refuse(400, 'BAD_REQUEST', 'Error: the Idempotency-Key is not 1 to 200 printable characters');
}

/** Rows 4, 8 and 9, and what we do not sell: services. */
function wrongType({ offer }: Flavor, { type, data }: WireConfiguration): Refusal {
  if (offer.kind === 'k8slice' || type !== 'service') return refuse(400, 'CONFIGURATION_INVALID', WRONG_TYPE);
  const policy = isRecord(data) && Object.keys(data).some((key) => key.toLowerCase() === 'hostingpolicy');
  return policy ? refuse(500, 'CONFIGURATION_INVALID', WRONG_CAST) : refuse(400, 'CONFIGURATION_INVALID', 'Flavor type not supported');
}
