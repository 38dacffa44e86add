import type { JobProgress } from './store.ts'

export type Progress = {
  set(progress: JobProgress): void
  latest(): JobProgress | null
  /** Nothing is written any more by itself. */
  stop(): void
}

const writeMs = 500

/** @throws TypeError for what the row cannot hold; told where it was counted, for the end of the job would fail by it. */
export function checkProgress({ done, total, unit }: JobProgress): void {
  if (!isCount(done) || !(total === null || isCount(total)))
    throw new TypeError(`Progress is counted in whole numbers, not ${done} of ${total}.`)
  if (typeof unit !== 'string' || unit.includes('\u0000') || !unit.isWellFormed())
    throw new TypeError('The unit of progress is text, without NUL.')
}

/** Written at most twice a second; the last one goes with the end of the job. */
export function createProgress(write: (progress: JobProgress) => Promise<void>): Progress {
  let latest: JobProgress | null = null
  let timer: NodeJS.Timeout | undefined
  let writtenAt = 0
  let stopped = false

  function writeNow(): void {
    timer = undefined
    if (stopped || !latest) return
    writtenAt = performance.now()
    // A progress that is not written is made good by the next.
    void write(latest).catch(() => {})
  }

  return {
    set(progress) {
      latest = progress
      if (stopped || timer) return
      timer = setTimeout(writeNow, Math.max(0, writtenAt + writeMs - performance.now()))
      timer.unref()
    },
    latest: () => latest,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
