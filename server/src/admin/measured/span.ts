import { Problem } from '@roundhouse/sdk/contract'
import type { Span } from './store.ts'

export type Asked = {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly points: number
}

/** Fine slots are kept for so long. */
export const fineKeptMs = 86_400_000
const usualMs = 3_600_000
const longestMs = 366 * 86_400_000

/**
 * What is read for a question: points of whole slots, from the beginning of one, so many as asked for or one more; of
 * coarse slots where the question reaches back further than fine ones do, or wants no finer points.
 * @throws Problem `invalid-request` for a time that is empty, or longer than a year.
 */
export function spanOf(
  { points, ...asked }: Asked,
  slots: { readonly fineMs: number; readonly coarseMs: number },
  now: number,
): Span {
  const to = asked.to === undefined ? now : Date.parse(asked.to)
  const from = asked.from === undefined ? to - usualMs : Date.parse(asked.from)
  if (!(from < to)) throw new Problem('invalid-request', 'from: has to be before to.')
  if (to - from > longestMs) throw new Problem('invalid-request', 'from: a year before to at most.')
  const wantedMs = (to - from) / points
  const isCoarse = wantedMs >= slots.coarseMs || from < now - fineKeptMs
  const slotMs = isCoarse ? slots.coarseMs : slots.fineMs
  const pointMs = Math.max(1, Math.ceil(wantedMs / slotMs)) * slotMs
  const first = Math.floor(from / pointMs) * pointMs
  return { from: new Date(first), to: new Date(to), pointMs, isCoarse }
}
