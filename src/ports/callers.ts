import type { Role } from '../domain/roles.ts';

/** Who asks the management API. */
export interface Caller {
  /** As the log names them. */
  readonly name: string;
  /** None when they are known, but nothing here is theirs to do. */
  readonly role?: Role;
}

/** Who stands behind a bearer token. */
export interface Callers {
  /** Whether nobody is asked for a token, since none is configured. */
  readonly open: boolean;
  /** `undefined` when nobody does. CALLERS_UNKNOWABLE while those who would know are away: nobody is let in on trust. */
  of(token: string): Promise<Caller | undefined>;
}
