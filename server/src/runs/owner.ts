import { Problem } from '@roundhouse/sdk/contract'
import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import type { TakenRun } from './rows.ts'

/** For whom a run goes on that another process has begun. @throws Problem `forbidden` when they may not be here any more. */
export type CallerOf = (taken: TakenRun) => Promise<Caller>

/** The owner as they are now, with no more rights than the credential had that began the run. */
export function createCallerOf(accounts: Pick<Accounts, 'owner'>): CallerOf {
  return async ({ run, rights }) => {
    const owner = await accounts.owner(run.ownerId)
    if (!owner) throw new Problem('forbidden', 'The owner of the run may not use this server any more.')
    return {
      ...owner,
      role: rights.role === 'member' ? 'member' : owner.role,
      scopes: new Set([...owner.scopes].filter(scope => rights.scopes.includes(scope))),
    }
  }
}
