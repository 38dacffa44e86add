import type { FollowedEvent, Run, RunInput } from '@roundhouse/sdk'
import type { TreeSpan } from './span-tree.ts'
import { standingEvents } from './standing-events.ts'

/** A text of a span: what went in, what came out. JSON is written in lines. */
export type Payload = { readonly title: string; readonly text: string }

export type RunStory = {
  readonly run: Run
  /** Undefined while it is asked for, or when it may not be seen. */
  readonly input: RunInput | undefined
  readonly events: readonly FollowedEvent[]
}

/** What a span was given and gave, as far as there is something. */
export function payloadOf(span: TreeSpan, story: RunStory): Payload[] {
  if (span.kind === 'run') return ofRun(story)
  const events = standingEvents(story.events).map(({ event }) => event)
  if (span.kind === 'tool') {
    const calls = events.flatMap(event =>
      event.type === 'tool-call' && isOf(span, event) ? [event.arguments] : [],
    )
    const results = events.flatMap(event =>
      event.type === 'tool-result' && isOf(span, event) ? [event.content] : [],
    )
    return some([
      ['Arguments', inLines(calls[0])],
      ['Result', inLines(results[0])],
    ])
  }
  const own = events.filter(event => 'step' in event && event.step === span.step)
  const calls = own.flatMap(event =>
    event.type === 'tool-call' ? [`${event.name}(${inLines(event.arguments)})`] : [],
  )
  return some([
    ['Reasoning', own.map(event => (event.type === 'reasoning-delta' ? event.text : '')).join('')],
    ['Answer', own.map(event => (event.type === 'text-delta' ? event.text : '')).join('')],
    ['Tools called', calls.join('\n')],
  ])
}

/** Those events that tell of a span. */
export function eventsOf(span: TreeSpan, events: readonly FollowedEvent[]): FollowedEvent[] {
  if (span.kind === 'run') return events.filter(({ event }) => event.type.startsWith('run-'))
  if (span.kind === 'tool')
    return events.filter(
      ({ event }) =>
        (event.type === 'tool-call' || event.type === 'tool-result' || event.type === 'approval-request') &&
        isOf(span, event),
    )
  return events.filter(
    ({ event }) =>
      'step' in event &&
      event.step === span.step &&
      event.type !== 'tool-result' &&
      event.type !== 'approval-request',
  )
}

/** JSON in lines; what is none as it is. */
export function inLines(text: string | undefined): string {
  if (text === undefined) return ''
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : text
  } catch {
    return text
  }
}

function ofRun({ run, input }: RunStory): Payload[] {
  const written = (messages: RunInput['messages']) =>
    messages
      .map(({ role, content }) =>
        messages.length === 1 && role === 'user' ? content : `${role}: ${content}`,
      )
      .join('\n\n')
  return some([
    ['Asked', written(input?.messages ?? [])],
    ['Remembered from before', written(input?.memory ?? [])],
    ['Answer', inLines(run.output ?? undefined)],
    ['Error', run.error ? `${run.error.code}: ${run.error.detail}` : ''],
  ])
}

/** Upstreams use the ids of calls again, in another turn. */
function isOf(span: TreeSpan, event: { id: string; step: number }): boolean {
  return event.id === span.callId && event.step === span.step
}

function some(parts: readonly (readonly [title: string, text: string])[]): Payload[] {
  return parts.flatMap(([title, text]) => (text === '' ? [] : [{ title, text }]))
}
