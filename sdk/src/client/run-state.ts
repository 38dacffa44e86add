import type { RunEvent } from '../contract/run.ts'

/** An event of a run with its number. */
export type FollowedEvent = { readonly seq: number; readonly event: RunEvent }

export type RunToolCall = {
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it, possibly not valid. */
  readonly arguments: string
  /** Null while the tool has not answered. */
  readonly result: string | null
  readonly isError: boolean
}

export type RunQuestion = Omit<Extract<RunEvent, { type: 'approval-request' }>, 'type'>
type RunEnd = Extract<RunEvent, { type: 'run-end' }>

/** What the events of a run come to so far. */
export type RunState = {
  /** `unknown` before the first event. */
  readonly status: 'unknown' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled'
  /** Of all steps. What a new attempt has taken back is not in it. */
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly RunToolCall[]
  /** What a person is to answer. */
  readonly questions: readonly RunQuestion[]
  /** The answer, once it is done. */
  readonly output: string | null
  readonly stopped: RunEnd['stopped'] | null
  readonly error: { readonly code: string; readonly detail: string } | null
  readonly usage: RunEnd['usage'] | null
  readonly credits: number | null
  /** Number of the last event, to go on behind it. */
  readonly lastEvent: number
}

export type RunFold = { add(event: FollowedEvent): void; state(): RunState }

/** The run before its first event. */
export const unknownRun: RunState = {
  status: 'unknown',
  text: '',
  reasoning: '',
  toolCalls: [],
  questions: [],
  output: null,
  stopped: null,
  error: null,
  usage: null,
  credits: null,
  lastEvent: 0,
}

/** Folds the events of a run, in order. An event that was seen before is passed over. */
export function createRunFold(): RunFold {
  /** Up to the last step that has ended: nothing of it is taken back. */
  let finished = unknownRun
  let open: FollowedEvent[] = []
  let state = unknownRun

  function take({ seq, event }: FollowedEvent): void {
    if (event.type === 'run-attempt' || event.type === 'step-restart') {
      open = open.filter(other => other.seq <= event.after)
      state = { ...open.reduce(next, finished), lastEvent: seq }
      return
    }
    open.push({ seq, event })
    state = next(state, { seq, event })
    if (event.type !== 'step-end') return
    finished = state
    open = []
  }

  return {
    add(followed) {
      if (followed.seq > state.lastEvent) take(followed)
    },
    state: () => state,
  }
}

/** The run when its events end. */
export async function collectRun(events: AsyncIterable<FollowedEvent>): Promise<RunState> {
  const fold = createRunFold()
  for await (const event of events) fold.add(event)
  return fold.state()
}

function next(before: RunState, { seq, event }: FollowedEvent): RunState {
  return { ...before, ...changeOf(before, event), lastEvent: seq }
}

function changeOf(before: RunState, event: RunEvent): Partial<RunState> {
  switch (event.type) {
    case 'run-start':
    case 'step-start':
      return { status: 'running' }
    case 'text-delta':
      return { text: before.text + event.text }
    case 'reasoning-delta':
      return { reasoning: before.reasoning + event.text }
    case 'tool-call': {
      const { id, name } = event
      const call = { id, name, arguments: event.arguments, result: null, isError: false }
      return { toolCalls: [...before.toolCalls.filter(other => other.id !== id), call] }
    }
    case 'tool-result': {
      const answered = { result: event.content, isError: event.is_error }
      return {
        toolCalls: before.toolCalls.map(call => (call.id === event.id ? { ...call, ...answered } : call)),
      }
    }
    case 'approval-request': {
      const { type: _, ...question } = event
      return { status: 'waiting', questions: [...before.questions, question] }
    }
    case 'approval-answer': {
      const questions = before.questions.filter(question => question.approval_id !== event.approval_id)
      return { questions, status: questions.length > 0 ? 'waiting' : 'running' }
    }
    case 'run-end': {
      const { output, stopped, usage, credits } = event
      return { status: 'done', output, stopped, usage, credits }
    }
    case 'run-error': {
      const { code, detail, credits } = event
      return { status: 'failed', error: { code, detail }, credits }
    }
    case 'run-cancel':
      return { status: 'cancelled', credits: event.credits }
    default:
      return {}
  }
}
