import type { QueryExecutorProvider } from 'kysely'
import type { Credits } from '../../credits/credits.ts'
import type { Bill } from '../../credits/within.ts'
import type { BatchPayload } from './payload.ts'

type Owned = { owner_id: string | null; id: string }

/** What was done of a batch for good. */
export type BatchWork = { goodRows: number; workedMs: number }

/** A batch that takes longer, with its wait, is paid from what there is to spare by then. */
export const holdSeconds = 7 * 24 * 3600

/** The most that the rows of the batch may cost: every line a good row. */
export function batchBill(
  job: Owned,
  { lines, price, reason }: Pick<BatchPayload, 'lines' | 'price' | 'reason'>,
): Bill {
  return { userId: job.owner_id, amount: lines * price, reason, reference: rowsOf(job) }
}

/**
 * In the transaction that ends the batch, however it ended: the rows that were done are paid once and the rest of the hold
 * is given back; of the seconds as much as there is to spare, for how many there will be nobody knows before.
 * @param id Names this end among all of the batch.
 */
export async function settleBatch(
  db: QueryExecutorProvider,
  credits: Pick<Credits, 'settleUpToIn' | 'paidIn' | 'deductUpToIn'>,
  job: Owned,
  { price, second_price, reason }: BatchPayload,
  { goodRows, workedMs }: BatchWork,
  id: string,
): Promise<void> {
  const userId = job.owner_id
  if (userId === null) return
  if (price > 0) await credits.settleUpToIn(db, userId, rowsOf(job), goodRows * price)
  const seconds = Math.ceil(workedMs / 1000)
  if (seconds === 0 || second_price === 0) return
  await credits.deductUpToIn(db, {
    userId,
    amount: seconds * second_price - (await credits.paidIn(db, userId, secondsOf(job))),
    reason: `${reason}, ${seconds} s`,
    reference: `${secondsOf(job)}:${id}`,
  })
}

/** In the transaction that begins the batch anew: what is not paid yet is held. @throws Problem `insufficient-credits`. */
export async function holdBatchAnew(
  db: QueryExecutorProvider,
  credits: Pick<Credits, 'holdIn' | 'paidIn'>,
  job: Owned,
  batch: BatchPayload,
  id: string,
): Promise<void> {
  const bill = batchBill(job, batch)
  if (bill.userId === null || bill.amount === 0) return
  const paid = await credits.paidIn(db, bill.userId, bill.reference)
  // Another name: a hold that was settled cannot be held again.
  const reference = `${bill.reference}:${id}`
  await credits.holdIn(db, { ...bill, amount: Math.max(0, bill.amount - paid), reference }, holdSeconds)
}

function rowsOf({ id }: Owned): string {
  return `job:${id}`
}

function secondsOf({ id }: Owned): string {
  return `job-seconds:${id}`
}
