import assert from 'node:assert/strict'
import type { RunEvent } from '@roundhouse/sdk/contract'

export type SeenEvent = { readonly seq: number; readonly event: RunEvent }

export const lastEvents: ReadonlySet<string> = new Set(['run-end', 'run-error', 'run-cancel'])

/** Each number once, in order, and one last event. */
export function assertWhole(events: readonly SeenEvent[]): void {
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  )
  assert.deepEqual(
    events.flatMap(({ event }, index) => (lastEvents.has(event.type) ? [index] : [])),
    [events.length - 1],
  )
}

/** The text a reader has in the end that takes back what it is told to. */
export function textOf(events: readonly SeenEvent[]): string {
  let kept: { seq: number; text: string }[] = []
  for (const { seq, event } of events) {
    if (event.type === 'run-attempt' || event.type === 'step-restart')
      kept = kept.filter(part => part.seq <= event.after)
    if (event.type === 'text-delta') kept.push({ seq, text: event.text })
  }
  return kept.map(part => part.text).join('')
}
