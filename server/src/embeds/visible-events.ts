import { type RunEvent, runEvent } from '@roundhouse/sdk/contract'
import type { NumberedEvent } from '../runs/run.ts'
import type { Embed } from './embed.ts'

type Shown = Pick<Embed, 'tools' | 'approvals'>

/** The same events, without those and that which are no business of a visitor; the numbers stay. */
export async function* visibleEvents(
  groups: AsyncIterable<readonly NumberedEvent[]>,
  shown: Shown,
): AsyncGenerator<readonly NumberedEvent[], void> {
  for await (const group of groups) {
    const visible = group.flatMap(({ seq, data }) => {
      // A process of a newer version may tell of what this one does not know.
      const known = runEvent.safeParse(JSON.parse(data)).data
      const event = known && visibleEvent(known, shown)
      return event ? [{ seq, data: JSON.stringify(event) }] : []
    })
    if (visible.length > 0) yield visible
  }
}

/**
 * Undefined for what is not shown: which model it is, what it thinks, what it costs. What went wrong is in the trace, for
 * those whose agent it is.
 */
export function visibleEvent(event: RunEvent, { tools, approvals }: Shown): object | undefined {
  switch (event.type) {
    case 'run-start':
      return { type: event.type, run_id: event.run_id, has_schema: event.has_schema }
    case 'run-attempt':
      return { type: event.type, after: event.after }
    case 'step-restart':
      return { type: event.type, after: event.after }
    case 'step-end':
      // What has ended is never taken back.
      return { type: event.type }
    case 'text-delta':
      return { type: event.type, text: event.text }
    case 'tool-call': {
      const { type, id, name } = event
      if (tools === 'hidden') return undefined
      return { type, id, name, ...(tools === 'full' ? { arguments: event.arguments } : {}) }
    }
    case 'tool-result': {
      const { type, id, name, is_error } = event
      if (tools === 'hidden') return undefined
      return { type, id, name, is_error, ...(tools === 'full' ? { content: event.content } : {}) }
    }
    case 'approval-request': {
      const { type, approval_id, id, name, expires_at } = event
      // Who is to decide must see what about.
      if (approvals) return { type, approval_id, id, name, arguments: event.arguments, expires_at }
      return { type, ...(tools === 'hidden' ? {} : { name }) }
    }
    case 'approval-answer':
      return { type: event.type, approval_id: event.approval_id, approved: event.approved }
    case 'run-end':
      return { type: event.type, output: event.output, stopped: event.stopped }
    case 'run-error':
      return { type: event.type, code: event.code, detail: 'The answer could not be finished.' }
    case 'run-cancel':
      return { type: event.type }
    case 'run-promote':
    case 'step-start':
    case 'reasoning-delta':
      return undefined
  }
}
