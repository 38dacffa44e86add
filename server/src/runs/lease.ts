import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Executor } from './executor.ts'
import type { RunStore } from './store.ts'

export type Lease = { start(): void; stop(): void }

const renewMs = 5000
const cancelTopic = 'run-cancel'

/** Says of all runs of this process at once that it is alive, and learns with it what others want of them. */
export function createLease(dependencies: {
  store: Pick<RunStore, 'renew'>
  executor: Pick<Executor, 'held' | 'stop'>
  bus: Bus
  log: Log
}): Lease {
  const { store, executor, bus, log } = dependencies
  let timer: NodeJS.Timeout | undefined
  let stopListening = () => {}

  async function renew(): Promise<void> {
    // Only of those that are asked about: what began meanwhile is not missing.
    const held = executor.held()
    if (held.length === 0) return
    const known = new Map((await store.renew(held)).map(run => [run.id, run]))
    for (const { id } of held) {
      const run = known.get(id)
      if (!run) executor.stop(id, 'lost')
      else if (run.isCancelRequested) executor.stop(id, 'cancelled')
    }
  }

  return {
    start() {
      stopListening = bus.subscribe(cancelTopic, id => executor.stop(id, 'cancelled'))
      timer = setInterval(
        () => void renew().catch(error => log.warn('run-lease-fail', { err: error })),
        renewMs,
      )
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      stopListening()
    },
  }
}

/** The bus tells at most once: who has the run also looks when it renews its lease. */
export function publishCancel(bus: Bus, log: Log, id: string): void {
  bus
    .publish(cancelTopic, id)
    .catch(error => log.debug('run-publish-fail', { topic: cancelTopic, err: error }))
}
