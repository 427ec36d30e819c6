import { z } from 'zod';
import { limitFields, listen, ownTls, seconds, serverTls } from './configuration-fields.ts';
import { offerTerms } from './configuration-terms.ts';

/** The REAR side: what other nodes see. */
export const rear = z.strictObject({
  listen: listen.default('0.0.0.0:3004').describe('Where the REAR listener binds.'),
  tls: serverTls
    .optional()
    .describe(
      'Serves TLS there instead of plain HTTP: `{certFile, keyFile, clientCaFile}`. With `clientCaFile` only nodes with a certificate of those authorities are let in. Read again when the files change.',
    ),
  clientTls: ownTls
    .optional()
    .describe('What we show to nodes that are asked over TLS: `{certFile, keyFile}`. Read again when the files change.'),
  holdSeconds: seconds(3_600).default(60).describe('How long a reservation holds capacity for a buyer of our own dialect.'),
  legacyHoldSeconds: seconds(3_600).default(300).describe('The same for FLUIDOS buyers, which need longer between RESERVE and PURCHASE.'),
  contractDays: z.number().min(0.00001).max(366).default(365).describe('How long a sold contract lives.'),
  terms: offerTerms(
    'What we promise with every flavor of `flavors`, `sell` and `blueprints`, and of FLUIDOS ServiceBlueprint resources, whose own `terms` say nothing else: `renewal: {kind, days}`, `noticeSeconds`, `sla: {availabilityPercent, latencyMs, creditPercent}`, `telemetry: {metrics, intervalSeconds}`; see docs/contracts.md. What is absent is not promised.',
  ),
  legacyBuyers: z
    .boolean()
    .default(false)
    .describe('Whether to sell to FLUIDOS nodes, which are not bound by contract-enforced peering. Off: their RESERVE is refused.'),
  sellUnenforced: z
    .boolean()
    .default(false)
    .describe(
      'Whether to sell although Liqo does not hold buyers to what they bought (its limits enforcement is not `Hard`). Off: no flavor is published then.',
    ),
  maxHoldsPerBuyer: z.number().int().min(1).max(100_000).default(100).describe('Living reservations that one buyer may have at a time.'),
  buyerLimits: z
    .strictObject(limitFields)
    .prefault({})
    .describe(
      'What each buyer may have of this node at a time, reserved and bought together: `contracts`, `cpu`, `memory`, `pods`, `storage`, `gpu`, and `credit`, what all of it may cost an hour in each currency (`[{amount, currency}]`). What is not said has no limit; `identity.peers` says otherwise of single nodes.',
    ),
  listMost: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe(
      'Flavors that one answer of LIST holds at most: the first ones by the ids under which they were published, of those that the selector takes. When there are more, the answer says so in a header, `Rearguard-More: true`, and a narrower selector finds them.',
    ),
  requestsPerSecond: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(500)
    .describe(
      'Requests a second that one remote address (of IPv6: one network of 64 bits) may send, in the mean of ten seconds; more are answered 429 with `Retry-After`. 0: no limit. Our own machine has none. Behind a proxy all of its callers are one.',
    ),
  requestsPerSecondPerBuyer: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(200)
    .describe(
      'Requests a second that one buyer may send, in the mean of ten seconds, from wherever it calls: the node whose key signed; of those that do not sign, whoever says so at one remote address. More are answered 429 with `Retry-After`; giving back is never refused. 0: no limit; `identity.peers` says otherwise of single nodes.',
    ),
  bodyLimitBytes: z.number().int().min(1_024).max(16_777_216).default(262_144).describe('The largest request body that is read.'),
  bodyTimeoutSeconds: seconds(600).default(10).describe('How long a request may take to arrive completely.'),
  purchaseWaitSeconds: seconds(300)
    .default(12)
    .describe(
      'How long PURCHASE waits for its contract to be signed before it answers 503. More than `timing.peeringReadyMs`, after which a sale without a tenant has failed: a FLUIDOS buyer asks once. More than 12 helps nobody else: other buyers leave after 14.',
    ),
  maxConnections: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(2_000)
    .describe('Connections of other nodes at a time; more are closed at once.'),
  credentialsHours: z
    .number()
    .min(0.2)
    .max(8_760)
    .default(72)
    .describe('The life of the token that a buyer gets for its tenant namespace; buyers ask for a new one every day.'),
});
