import type { EmbedTheme, Scope } from '@roundhouse/sdk/contract'

/** A public key by which the visitors of other sites ask an agent. */
export type Embed = {
  readonly id: string
  readonly agent_id: string
  /** Null when it was made by no user, or they are gone. */
  readonly created_by: string | null
  readonly key: string
  readonly name: string
  readonly enabled: boolean
  readonly origins: readonly string[]
  readonly share_page: boolean
  readonly scopes: readonly Exclude<Scope, 'admin' | 'read'>[]
  readonly tools: 'hidden' | 'names' | 'full'
  readonly approvals: boolean
  readonly runs_per_minute: number
  readonly runs_per_visitor: number
  readonly runs_per_day: number
  readonly credits_per_day: number | null
  readonly theme: EmbedTheme
  readonly created_at: Date
  readonly updated_at: Date
}

export type EmbedFields = Omit<Embed, 'id' | 'agent_id' | 'created_by' | 'key' | 'created_at' | 'updated_at'>
/** An absent field stays as it is. */
export type EmbedChange = { [Field in keyof EmbedFields]?: EmbedFields[Field] | undefined }

/** An embed, and what a visitor is told of its agent. */
export type KnownEmbed = {
  readonly embed: Embed
  readonly agent: {
    readonly ownerId: string | null
    readonly name: string
    readonly description: string | null
  }
}

/** Someone who asks by an embed from one origin, as their token says. */
export type Visitor = { readonly id: string; readonly embedId: string; readonly origin: string }
