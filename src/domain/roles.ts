/** Who may do what at the management API, the least first: who may do the later may do the earlier. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
/** `viewer` reads; `operator` starts and ends intents and contracts, and says which nodes are asked; `admin` changes whom the node trusts. */
export type Role = (typeof ROLES)[number];

/** Whether a role is enough for what asks for another. */
export const mayAs = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** The one of several that may do most; `undefined` of none. */
export const highestRole = (roles: readonly Role[]): Role | undefined => ROLES.findLast((role) => roles.includes(role));
