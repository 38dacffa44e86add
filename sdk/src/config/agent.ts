import type { z } from 'zod'
import type { createAgent } from '../contract/agent.ts'

/**
 * An agent of the house with the fields of `POST /api/v1/agents`, made at start when it is missing. It is known by its
 * `slug`, which is made from the name when absent, and shown to `users`, everyone who is signed in, when it does not say
 * otherwise.
 */
export type AgentDeclaration = z.input<typeof createAgent>

/** Checks the types of an agent where it is written. */
export function defineAgent(agent: AgentDeclaration): AgentDeclaration {
  return agent
}
