import type { Agent, AgentToolOf, Collection } from '@roundhouse/sdk'

export type KnowledgeTool = AgentToolOf<'knowledge'>

/** The tools of the draft that search collections, each with its place among all tools. */
export function attachedTools(agent: Agent): { tool: KnowledgeTool; index: number }[] {
  return agent.tools.flatMap((tool, index) => (tool.type === 'knowledge' ? [{ tool, index }] : []))
}

/** A tool names a collection by its id or its name. */
export function collectionNamed(collections: readonly Collection[], named: string): Collection | undefined {
  return collections.find(({ id, name }) => id === named || name === named)
}
