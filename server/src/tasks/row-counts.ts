import { AsyncLocalStorage } from 'node:async_hooks'

export type RowCounts = { read: number; written: number }

/**
 * Rows that a run has read and written. What a step counts goes with its result, so that it counts once although the
 * step was tried again, and also where a later attempt of the run is given the stored result.
 */
export type RowCounter = {
  add(which: keyof RowCounts, count: number): void
  /** Gives what was counted within `work` besides its result, and does not count it yet. */
  apart<Result>(work: () => Promise<Result>): Promise<{ result: Result; rows: RowCounts }>
  addAll(rows: RowCounts): void
  total(): RowCounts
}

export function createRowCounter(): RowCounter {
  const total: RowCounts = { read: 0, written: 0 }
  const inStep = new AsyncLocalStorage<RowCounts>()

  return {
    add(which, count) {
      if (!Number.isSafeInteger(count) || count < 0)
        throw new TypeError(`Rows are counted in whole numbers, not ${count}.`)
      const counts = inStep.getStore() ?? total
      counts[which] += count
    },
    async apart(work) {
      const rows: RowCounts = { read: 0, written: 0 }
      return { result: await inStep.run(rows, work), rows }
    },
    addAll({ read, written }) {
      total.read += read
      total.written += written
    },
    total: () => ({ ...total }),
  }
}
