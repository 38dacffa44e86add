import type { AgentDeclaration } from '@roundhouse/sdk/config'
import { createAgent, isProblem } from '@roundhouse/sdk/contract'
import type { Agents } from '../agents/agents.ts'

/**
 * Makes the declared agents, brings them up to date and publishes what changed. Nothing is ever removed. Several
 * processes may do so at once.
 * @throws Error, one sentence, for one that cannot be made.
 */
export async function ensureAgents(
  agents: Pick<Agents, 'declare'>,
  declarations: readonly AgentDeclaration[],
): Promise<void> {
  for (const [index, declaration] of declarations.entries()) {
    const { name, slug, description, visibility = 'users', ...config } = createAgent.parse(declaration)
    try {
      await agents.declare({ name, slug, description, visibility, config })
    } catch (error) {
      if (!isProblem(error) || error.retryable) throw error
      throw new Error(`agents[${index}].${error.message}`, { cause: error })
    }
  }
}
