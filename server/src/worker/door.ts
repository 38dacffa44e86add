import type { Worker } from '../jobs/job.ts'
import type { Presence } from '../jobs/presence/presence.ts'

/** Goes while this process works, and makes jobs of its own accord. */
export type Companion = { start(): void; stop(): Promise<void> }

/** The door beside HTTP: jobs come in here. While it is open this process is listed among the workers. */
export function createWorkerDoor({
  worker,
  presence,
  companions,
}: {
  worker: Worker
  presence: Presence
  companions: readonly Companion[]
}): Worker {
  return {
    async start() {
      await worker.start()
      await presence.join(worker.running)
      for (const companion of companions) companion.start()
    },
    async stop(graceMs) {
      const stopped = companions.map(companion => companion.stop())
      await worker.stop(graceMs)
      await Promise.all(stopped)
      await presence.leave()
    },
    running: worker.running,
  }
}
