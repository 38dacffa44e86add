import { isProblem } from '@roundhouse/sdk/contract'
import type { Bus } from '../ports/bus.ts'
import { onChange } from './changes.ts'
import type { JobSummary } from './job.ts'

/** The bus tells at most once. */
const lookMs = 1000

/** The job now and after each change, until it has ended or the signal says stop. */
export async function* watchJob(options: {
  get: () => Promise<JobSummary>
  bus: Bus
  id: string
  signal: AbortSignal
}): AsyncGenerator<JobSummary, void, undefined> {
  const { get, bus, id, signal } = options
  let shown: string | undefined
  let told = false
  let wake = () => {}
  const stop = onChange(bus, id, () => {
    told = true
    wake()
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      told = false
      const job = await get().catch(error => {
        // A moment without the database ends no watch that has begun.
        if (shown !== undefined && isProblem(error) && error.code === 'database-unavailable') return undefined
        throw error
      })
      const text = JSON.stringify(job)
      if (job && text !== shown) {
        shown = text
        yield job
      }
      if (job && job.finished_at !== null) return
      if (!told && !signal.aborted) await nextLook()
    }
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }

  function nextLook(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(done, lookMs)
      wake = done
      function done() {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
