import { Problem } from '@roundhouse/sdk/contract'
import type { TakenRun } from './rows.ts'

/** Its process was gone so often without anything that got on: then the run is what ends it. */
const mostCrashes = 5
/** However it comes to that: what no process could finish will not be finished by one more. */
export const mostAttempts = 50

/** Why nobody goes on with a run that was taken just now; null when it goes on. */
export function whyGivenUp({ run, crashes }: TakenRun): Problem | null {
  if (crashes <= mostCrashes && run.attempt <= mostAttempts) return null
  const detail = `${run.attempt - 1} processes began the run and none could finish it.`
  return new Problem('job-crashed', detail)
}
