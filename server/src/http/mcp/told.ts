import type { RunEvent } from '@roundhouse/sdk/contract'
import type { NumberedEvent } from '../../runs/run.ts'
import type { RunText } from '../run-answer/text.ts'

/** What a client is told of a run that goes on: a line for people, and what it is. */
export type Told = {
  readonly seq: number
  readonly message: string
  readonly event: RunEvent['type']
}

/** The news in a group of events. Texts that follow each other are one; what is said again is not. */
export function toldOf(group: readonly NumberedEvent[], said: RunText): { told: Told[]; events: RunEvent[] } {
  const told: Told[] = []
  const events: RunEvent[] = []
  for (const { seq, data } of group) {
    const event = JSON.parse(data) as RunEvent
    events.push(event)
    const { text } = said.add(seq, event)
    const message = event.type === 'text-delta' ? text : lineOf(event)
    if (message === '') continue
    const last = told.at(-1)
    const isMore = event.type === 'text-delta' && last?.event === 'text-delta'
    if (isMore) told.splice(-1, 1, { seq, message: last.message + message, event: event.type })
    else told.push({ seq, message, event: event.type })
  }
  return { told, events }
}

function lineOf(event: RunEvent): string {
  switch (event.type) {
    case 'run-start':
      return `The run ${event.run_id} begins.`
    case 'step-start':
      return `Step ${event.step}: the model is asked.`
    case 'tool-call':
      return `The tool ${event.name} is called.`
    case 'tool-result':
      return `The tool ${event.name} ${event.is_error ? 'has failed' : 'has answered'}.`
    case 'approval-request':
      return `The tool ${event.name} waits for a person's approval.`
    case 'run-promote':
      return 'A worker goes on with the run.'
    default:
      return ''
  }
}
