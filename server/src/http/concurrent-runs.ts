import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Limits } from '../accounts/limits.ts'

/** Does the work as one of the caller's concurrent runs. @throws Problem `rate-limited` when their plan gives no more. */
export async function asConcurrentRun<Result>(
  limits: Limits,
  caller: Caller,
  work: () => Promise<Result>,
): Promise<Result> {
  const release = limits.acquireRun(caller)
  if (!release)
    throw new Problem(
      'rate-limited',
      `The plan ${caller.plan.name} allows ${caller.plan.concurrent_runs} uploads, validations, loads and reports at a time. Wait until one of yours has ended.`,
      { retryAfterSeconds: 1 },
    )
  try {
    return await work()
  } finally {
    release()
  }
}
