import { createGroups, type Groups } from '../kit/groups.ts'
import type { Claim, JobRow, JobStore, Unfinished } from './store.ts'

/** `crashed`: another process began it and is gone. `past`: it has ended, or waits for another delivery. */
export type ClaimAnswer =
  | { tag: 'yours'; job: JobRow }
  | { tag: 'crashed'; job: Unfinished }
  | { tag: 'past' }

/** Takes jobs for deliveries, in groups. */
export function createClaims(
  store: Pick<JobStore, 'claim' | 'unfinished'>,
  onClaimed: (ids: string[]) => void,
): Groups<Claim, ClaimAnswer> {
  return createGroups(async group => {
    const claimed = await store.claim(group)
    onClaimed(claimed.map(({ id }) => id))
    const yours = new Map(claimed.map(job => [job.claim, job]))
    const missing = group.filter(({ claim }) => !yours.has(claim))
    const rows = missing.length > 0 ? await store.unfinished(missing.map(({ id }) => id)) : []
    return group.map(({ id, ticket, claim }) => {
      const job = yours.get(claim)
      if (job) return { tag: 'yours', job }
      const other = rows.find(row => row.id === id && row.ticket === ticket)
      return other ? { tag: 'crashed', job: other } : { tag: 'past' }
    })
  })
}
