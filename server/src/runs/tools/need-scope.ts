import { Problem, type Scope } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'

/**
 * A tool acts as the run's caller, whose credential must be good for what it does.
 * @param tool As the sentence goes on: `the model price-tft`.
 * @throws Problem `forbidden`
 */
export function needScope(caller: Caller, scope: Scope, tool: string): void {
  if (caller.scopes.has(scope)) return
  throw new Problem(
    'forbidden',
    `The agent has ${tool} as a tool, which needs a credential with the scope ${scope}.`,
  )
}
