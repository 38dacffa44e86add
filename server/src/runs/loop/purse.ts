import { isProblem } from '@roundhouse/sdk/contract'
import type { Credits } from '../../credits/credits.ts'
import type { Bill, Hold } from '../../credits/within.ts'
import { createOutage } from '../../jobs/outage.ts'
import type { Log } from '../../kit/log.ts'

/**
 * What one run holds. Each step is paid when the next holds, in one movement with it, so that a run never holds more than
 * what one step may cost; the last step is paid in the transaction that ends the run.
 */
export type Purse = {
  /** Begins a step. @throws Problem `insufficient-credits`. */
  hold(bill: Bill): Promise<Hold>
  /** Holds as much again for the same step; false when the account has not so much to spare. */
  extend(): Promise<boolean>
  /** Whether there was ever anything to be held. */
  hasHeld(): boolean
  /** What the step came to, of all that was held for it. */
  spend(credits: number): void
  /** Pays the last step, of a run that goes on later or elsewhere. What fails here is paid when the run ends. */
  close(): Promise<void>
}

/** What takes longer is paid from what there is to spare by then. */
export const holdSeconds = 3600

/**
 * @param held What was held for the first step when the run was made.
 * @param signal Ends the waiting for a database that is away.
 */
export function createPurse(
  { credits, log }: { credits: Pick<Credits, 'hold' | 'settle' | 'release'>; log: Log },
  held: Hold | undefined,
  signal: AbortSignal,
): Purse {
  const outage = createOutage()
  let first = held
  let bill: Bill | undefined
  let open: NonNullable<Hold>[] = []
  let spent = 0
  let hasHeld = false

  async function settleOpen(): Promise<void> {
    const holds = open
    let owed = spent
    open = []
    spent = 0
    await Promise.all(
      holds.map((hold): Promise<unknown> => {
        const part = Math.min(owed, hold.amount)
        owed -= part
        // What is settled is paid for good, with nothing too.
        return part > 0 ? credits.settle(hold, part) : credits.release(hold)
      }),
    ).catch(error => log.warn('run-settle-fail', { err: error }))
  }

  async function take(wanted: Bill): Promise<Hold> {
    // The same name holds once, however often it is asked for.
    const hold =
      first === undefined ? await outage.insist(() => credits.hold(wanted, holdSeconds), signal) : first
    first = undefined
    if (hold) open.push(hold)
    hasHeld ||= hold !== null
    return hold
  }

  return {
    async hold(wanted) {
      bill = wanted
      // Asked for in this order, and in the same turn: the ledger does both at once.
      const settling = settleOpen()
      const holding = take(wanted)
      await Promise.allSettled([settling, holding])
      return holding
    },
    async extend() {
      if (!bill) return false
      try {
        await take({ ...bill, reference: `${bill.reference}:${open.length + 1}` })
        return true
      } catch (error) {
        if (isProblem(error) && error.code === 'insufficient-credits') return false
        throw error
      }
    },
    hasHeld: () => hasHeld,
    spend(amount) {
      spent = amount
    },
    close: settleOpen,
  }
}
