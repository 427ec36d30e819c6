/** How hard Liqo holds a tenant's pods to its quota; spelt as its `defaultLimitsEnforcement`. */
export const ENFORCEMENTS = ['Hard', 'Soft', 'None'] as const;
export type Enforcement = (typeof ENFORCEMENTS)[number];

/** What is known of {@link Enforcement} here, and what the operator wants. */
export interface EnforcementKnown {
  /** Read from Liqo's installation; absent when it cannot be read. */
  readonly read?: Enforcement;
  /** What the configuration says it is: counts only when it cannot be read. */
  readonly said?: Enforcement;
  /** Whether to sell all the same when nothing holds buyers to what they bought. */
  readonly sellUnenforced: boolean;
}

const SHORT_OF: Record<Exclude<Enforcement, 'Hard'> | 'unknown', string> = {
  None: 'Liqo holds buyers to nothing here (limits enforcement None)',
  Soft: 'Liqo bounds what the pods of buyers request here, not what they use (limits enforcement Soft)',
  unknown:
    'whether Liqo holds buyers to what they bought is not known: its Deployments in namespace liqo cannot be read, and liqo.enforcement does not say',
};

/** Whether this node sells, and one sentence for its operator. */
export interface MaySell {
  readonly sells: boolean;
  readonly words: string;
}

/** Only under `Hard` does a buyer get no more than its contract says. */
export function selling({ read, said, sellUnenforced }: EnforcementKnown): MaySell {
  const known = read ?? said;
  if (known === 'Hard') {
    const whence = read ? 'as its installation is told' : 'as liqo.enforcement says: it cannot be read';
    return { sells: true, words: `Liqo holds buyers to what they bought (limits enforcement Hard, ${whence})` };
  }
  const contradicts = read !== undefined && said === 'Hard' ? '; liqo.enforcement says Hard, which is not so' : '';
  const what = `${SHORT_OF[known ?? 'unknown']}${contradicts}`;
  return sellUnenforced
    ? { sells: true, words: `${what}; flavors are sold all the same, as rear.sellUnenforced says` }
    : {
        sells: false,
        words: `${what}: no flavor is published. ${known ? INSTALL : `${SAY}; else ${lower(INSTALL)}`}, or set rear.sellUnenforced`,
      };
}

const INSTALL = 'Install Liqo with `--set controllerManager.config.defaultLimitsEnforcement=Hard`';
/** Where nothing can be read, the word of whoever installed it is all that is missing, if it was installed so. */
const SAY = 'If Liqo was installed with Hard, say `liqo: {enforcement: Hard}` in the configuration and start this node again';
const lower = (sentence: string): string => `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
