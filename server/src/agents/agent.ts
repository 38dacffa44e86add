import type { AgentConfig, Visibility } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'

export type Agent = {
  readonly id: string
  /** Null belongs to the house. */
  readonly owner_id: string | null
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly visibility: Visibility
  readonly is_published: boolean
  readonly published_version: number | null
  /** Credits per run of the published version. */
  readonly published_price: number | null
  readonly draft: AgentConfig
  readonly created_at: Date
  readonly updated_at: Date
}

/** An agent without its prompt, tools and knowledge. */
export type AgentSummary = Omit<Agent, 'draft'>

/** The draft as it was when it was published. Never changes. */
export type AgentVersion = {
  readonly agent_id: string
  readonly version: number
  readonly config: AgentConfig
  readonly created_by: string | null
  readonly created_at: Date
}

/** Which agent a caller means. */
export type AgentTarget = { id: string } | { slug: string }

export type NewAgentDraft = {
  name: string
  /** Made from the name when absent. */
  slug?: string | undefined
  description?: string | null | undefined
  visibility?: Visibility | undefined
  config: AgentConfig
}

export type ConfigUpdate = { [Field in keyof AgentConfig]?: AgentConfig[Field] | undefined }

/** An absent field stays as it is, also one of the configuration. */
export type AgentUpdate = {
  name?: string | undefined
  slug?: string | undefined
  description?: string | null | undefined
  visibility?: Visibility | undefined
  config?: ConfigUpdate | undefined
  /** Takes back what is published. */
  unpublish?: boolean | undefined
}

/** What a run begins with. */
export type RunnableAgent = {
  readonly agent: Agent
  /** Null is the draft. */
  readonly version: number | null
  readonly config: AgentConfig
}

/** What the runs ask of the agents. */
export type AgentLookup = {
  /**
   * From memory, at most 5 s old here and told of changes at once by the bus.
   * @param target An id, or a slug.
   * @param version Absent: what is published, or where nothing is the draft, for those who may change the agent. So are
   *   `draft` and the versions that are not published.
   * @throws Problem `agent-not-found`; `forbidden` for one that is neither published nor the caller's; `unauthenticated`
   *   in place of both for who has no credential.
   */
  runnable(caller: Caller, target: AgentTarget, version?: number | 'draft'): Promise<RunnableAgent>
  /** Published ones that the caller may see, by slug, at most 1,000. */
  published(caller: Caller): Promise<readonly AgentSummary[]>
}
