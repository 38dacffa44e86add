import type { CredentialKind, Plan, Scope } from '@roundhouse/sdk/contract'
import type { DatabaseCaller } from '../ports/database.ts'

/**
 * Who is calling, and what their credential lets them do. `service` has all rights, server to server; an administrator
 * whose key lacks the scope `admin` is a `member` here.
 */
export type Caller = DatabaseCaller & {
  readonly kind: CredentialKind
  readonly scopes: ReadonlySet<Scope>
  readonly plan: Plan
  /** When what this credential makes must end too, in milliseconds since the epoch: of keys and foreign tokens. */
  readonly expiresAt: number | null
  /** What limits are counted by: the user, so that more keys give no more; a key of the house; else the address. */
  readonly limitKey: string
}

/** What belongs to someone. */
export type Owned = {
  readonly owner_id: string | null
  readonly visibility: 'private' | 'users' | 'public'
}

export const allScopes: ReadonlySet<Scope> = new Set(['predict', 'agents', 'files', 'read', 'admin'])

export const unlimited: Plan = {
  name: 'unlimited',
  requests_per_minute: null,
  requests_per_hour: null,
  concurrent_runs: null,
  starting_credits: 0,
  monthly_credits: 0,
  max_models: null,
  max_model_bytes: null,
  max_file_bytes: null,
}

/** All rights, without an account. `credential` names it in the audit log. */
export function serviceCaller(credential: string): Caller {
  return {
    role: 'service',
    userId: null,
    credential,
    kind: 'service-key',
    scopes: allScopes,
    plan: unlimited,
    expiresAt: null,
    limitKey: credential,
  }
}

export function mayEverything(caller: Caller): boolean {
  return caller.role === 'admin' || caller.role === 'service'
}

/** The same rule as the policies of row-level security, for what is kept in memory. */
export function maySee(caller: Caller, thing: Owned): boolean {
  if (thing.visibility === 'public' || mayEverything(caller)) return true
  if (caller.role === 'anonymous') return false
  return thing.visibility === 'users' || owns(caller, thing)
}

/** Changing and removing. */
export function mayManage(caller: Caller, thing: Owned): boolean {
  return mayEverything(caller) || owns(caller, thing)
}

function owns(caller: Caller, thing: Owned): boolean {
  return caller.userId !== null && thing.owner_id === caller.userId
}
