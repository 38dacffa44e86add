import type { Embed as EmbedBody } from '@roundhouse/sdk/contract'
import type { Embed } from '../embeds/embed.ts'

/** An embed as the contract shows it. */
export function embedBody({
  created_by: _,
  created_at,
  updated_at,
  origins,
  scopes,
  ...embed
}: Embed): EmbedBody {
  return {
    ...embed,
    origins: [...origins],
    scopes: [...scopes],
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  }
}
