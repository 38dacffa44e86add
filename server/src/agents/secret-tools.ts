import { isDeepStrictEqual } from 'node:util'
import { type AgentConfig, Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything } from '../accounts/caller.ts'

type Tools = AgentConfig['tools']

/**
 * A secret of the house goes out with what refers to it, so that administrators alone choose what does. Who may change
 * the agent keeps such a tool as it is, or takes it away.
 * @param approved What it had before. @throws Problem `forbidden`.
 */
export function refuseSecrets(caller: Caller, chosen: Tools, approved: Tools): void {
  if (mayEverything(caller)) return
  for (const [index, tool] of chosen.entries()) {
    if (!hasSecret(tool) || approved.some(before => isDeepStrictEqual(before, tool))) continue
    throw new Problem(
      'forbidden',
      `tools[${index}]: only administrators may give an agent a tool that sends a secret, or change one.`,
    )
  }
}

function hasSecret(tool: Tools[number]): boolean {
  return 'headers' in tool && Object.values(tool.headers ?? {}).some(value => typeof value !== 'string')
}
