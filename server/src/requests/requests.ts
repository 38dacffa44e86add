import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything } from '../accounts/caller.ts'
import type { StoredLine } from '../logs/line.ts'
import type { Logs } from '../logs/logs.ts'
import type { Database } from '../ports/database.ts'
import { createStoryStore, type StoryRow } from './store.ts'

export type Story = {
  readonly entries: readonly StoryRow[]
  /** Oldest first; for administrators only. */
  readonly lines: readonly StoredLine[]
  /** A kind had more than are told. */
  readonly isCut: boolean
}

/** What one request did, wherever it did it. */
export type Requests = {
  /** @throws Problem `resource-not-found` when nothing of it is kept that the caller may see. */
  story(caller: Caller, requestId: string): Promise<Story>
}

const mostOfKind = 500

export function createRequests<Tables>(dependencies: {
  database: Database<Tables>
  logs: Pick<Logs, 'list'>
}): Requests {
  const { database, logs } = dependencies

  async function linesOf(caller: Caller, requestId: string): Promise<StoredLine[]> {
    if (!mayEverything(caller)) return []
    const page = { q: undefined, requestId, from: undefined, to: undefined, before: undefined }
    const { lines } = await logs.list(caller, { ...page, limit: mostOfKind + 1 })
    return lines.reverse()
  }

  return {
    async story(caller, requestId) {
      const reader = { userId: caller.userId, seesAll: mayEverything(caller) }
      const [entries, lines] = await Promise.all([
        database.as(caller, db => createStoryStore(db).entries(requestId, reader, mostOfKind + 1)),
        linesOf(caller, requestId),
      ])
      if (entries.length + lines.length === 0)
        throw new Problem(
          'resource-not-found',
          `Nothing is kept of the request ${requestId} that you may see.`,
        )
      const counts = new Map<string, number>([['log', lines.length]])
      const told = entries.filter(({ kind }) => {
        const count = (counts.get(kind) ?? 0) + 1
        counts.set(kind, count)
        return count <= mostOfKind
      })
      const isCut = [...counts.values()].some(count => count > mostOfKind)
      return { entries: told, lines: lines.slice(-mostOfKind), isCut }
    },
  }
}
