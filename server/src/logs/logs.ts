import { isProblem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import { pause } from '../kit/pause.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { NewLine, StoredLine } from './line.ts'
import { parseLogQuery } from './query/query.ts'
import { createLogStore, type FoundLines, type LogPosition } from './store.ts'

export type LogFilter = {
  /** In the query language of `listLogs`. */
  readonly q: string | undefined
  readonly requestId: string | undefined
}

export type LogPage = LogFilter & {
  readonly from: Date | undefined
  readonly to: Date | undefined
  readonly before: LogPosition | undefined
  readonly limit: number
}

/** A line, or how far was looked where there was none that is wanted. */
export type Followed = { readonly upTo: number; readonly line: StoredLine | null }

/** The lines that every process has told. For administrators: others are shown none. */
export type Logs = {
  /**
   * Newest first. Looks through so many lines as there is time for; the page may hold none, and say how far it looked.
   * @throws Problem `invalid-request` for a query that cannot be read.
   */
  list(caller: DatabaseCaller, page: LogPage): Promise<FoundLines>
  /**
   * First where it begins, without a line; then each line behind `after`, or that is stored from now on: once, in the
   * order of their ids, whichever process told them. Ends with the signal, when the caller's rights change, and after
   * some minutes by itself: whoever comes back shows anew who they are.
   * @throws Problem `invalid-request`.
   */
  follow(
    caller: DatabaseCaller,
    filter: LogFilter,
    after: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Followed, void>
  /** Takes what a process has told. */
  append(lines: readonly NewLine[]): Promise<void>
  /** Removes what is too old or too much. */
  sweep(): Promise<void>
}

/** Lines that one question may look at, where no index finds them: some 100 ms (2026-11-22, busy). */
const look = 20_000
const followLook = 1000
const followEveryMs = 500
const followForMs = 600_000
const sweepLines = 10_000
const dayMs = 86_400_000

export function createLogs<Tables>(dependencies: {
  database: Database<Tables>
  clock: Clock
  /** Names this process in its lines. */
  process: string
  retentionDays: number
  retentionLines: number
  /** Listens for users, keys and sessions whose rights change; the message is the id. */
  onRightsChange: (listener: (identity: string) => void) => () => void
}): Logs {
  const { database, clock, process, retentionDays, retentionLines, onRightsChange } = dependencies
  const own = createLogStore(database.system)

  async function* follow(
    caller: DatabaseCaller,
    filter: LogFilter,
    after: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Followed, void> {
    const wanted = { terms: parseLogQuery(filter.q ?? ''), requestId: filter.requestId }
    const as = <Value>(work: (store: ReturnType<typeof createLogStore>) => Promise<Value>) =>
      database.as(caller, db => work(createLogStore(db)))
    let isOver = false
    const stop = onRightsChange(identity => {
      isOver ||= identity === caller.userId || identity === caller.credential
    })
    try {
      let upTo = after ?? (await as(store => store.newestId()))
      yield { upTo, line: null }
      const endsAt = clock.elapsed() + followForMs
      while (!signal.aborted && !isOver && clock.elapsed() < endsAt) {
        const found = await as(store => store.following(wanted, { after: upTo, look: followLook })).catch(
          error => {
            // A moment without the database ends nothing that has begun.
            if (!isProblem(error) || error.code !== 'database-unavailable') throw error
            return { lines: [], upTo, isEnd: true }
          },
        )
        for (const line of found.lines) yield { upTo: line.id, line }
        upTo = found.upTo
        if (found.isEnd) await pause(followEveryMs, clock, signal).catch(() => {})
      }
    } finally {
      stop()
    }
  }

  return {
    async list(caller, { q = '', limit, ...page }) {
      const search = { ...page, terms: parseLogQuery(q) }
      return await database.as(caller, db => createLogStore(db).search(search, { look, limit }))
    },
    follow,
    append: lines => own.append(process, lines),
    async sweep() {
      const before = new Date(clock.now() - retentionDays * dayMs)
      for (;;) {
        const removed = await own.removeOld({ before, most: retentionLines, limit: sweepLines })
        if (removed === 0) return
      }
    },
  }
}
