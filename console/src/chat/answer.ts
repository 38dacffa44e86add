/** An event of a run as it may come: of a visitor's less is told than of one's own. */
export type ChatEvent =
  | { readonly type: 'run-start'; readonly run_id: string; readonly has_schema: boolean }
  | { readonly type: 'run-attempt' | 'step-restart'; readonly after: number }
  | { readonly type: 'step-start' | 'step-end' | 'run-promote' | 'reasoning-delta' }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'tool-call'; readonly id: string; readonly name: string; readonly arguments?: string }
  | {
      readonly type: 'tool-result'
      readonly id: string
      readonly is_error: boolean
      readonly content?: string
    }
  | {
      readonly type: 'approval-request'
      /** Absent where others decide. */
      readonly approval_id?: string
      readonly name?: string
      readonly arguments?: string
    }
  | { readonly type: 'approval-answer'; readonly approval_id: string; readonly approved: boolean }
  | { readonly type: 'run-end'; readonly output: string; readonly stopped: string }
  | { readonly type: 'run-error'; readonly code: string; readonly detail: string }
  | { readonly type: 'run-cancel' }

export type NumberedEvent = { readonly seq: number; readonly event: ChatEvent }

export type ToolPart = {
  readonly kind: 'tool'
  readonly id: string
  readonly name: string
  readonly arguments: string | null
  readonly result: string | null
  readonly state: 'running' | 'done' | 'failed'
}
export type Part = { readonly kind: 'text'; readonly text: string } | ToolPart
export type Question = {
  readonly id: string | null
  readonly name: string
  readonly arguments: string | null
}

/** What the events of a run come to so far. */
export type Answer = {
  readonly status: 'running' | 'waiting' | 'done' | 'stopped' | 'failed'
  /** In the order in which they came. */
  readonly parts: readonly Part[]
  readonly questions: readonly Question[]
  /** A sentence, when it is not done as it should be. */
  readonly note: string | null
}

export const nothingYet: Answer = { status: 'running', parts: [], questions: [], note: null }

export type AnswerFold = {
  add(event: NumberedEvent): void
  answer(): Answer
  runId(): string | null
  /** Number of the last event, to go on behind it. */
  lastSeq(): number
}

/** Folds the events of a run, in order; one that was seen before is passed over. */
export function createAnswerFold(): AnswerFold {
  /** Up to the last step that has ended: nothing of it is taken back. */
  let finished = nothingYet
  let open: NumberedEvent[] = []
  let answer = nothingYet
  let lastSeq = 0
  let runId: string | null = null
  /** The texts are tries, and what counts comes at the end. */
  let hasSchema = false

  function next(before: Answer, event: ChatEvent): Answer {
    switch (event.type) {
      case 'text-delta':
        return hasSchema ? before : { ...before, parts: withText(before.parts, event.text) }
      case 'tool-call': {
        const { id, name, arguments: given = null } = event
        const tool: Part = { kind: 'tool', id, name, arguments: given, result: null, state: 'running' }
        return { ...before, parts: [...before.parts, tool] }
      }
      case 'tool-result': {
        const result = { result: event.content ?? null, state: event.is_error ? 'failed' : 'done' } as const
        const parts = before.parts.map(part =>
          part.kind === 'tool' && part.id === event.id ? { ...part, ...result } : part,
        )
        return { ...before, parts }
      }
      case 'approval-request': {
        const { approval_id: id = null, name = '', arguments: given = null } = event
        return {
          ...before,
          status: 'waiting',
          questions: [...before.questions, { id, name, arguments: given }],
        }
      }
      case 'approval-answer': {
        const questions = before.questions.filter(({ id }) => id !== null && id !== event.approval_id)
        return { ...before, questions, status: questions.length > 0 ? 'waiting' : 'running' }
      }
      case 'run-end': {
        const parts = hasSchema ? withText(before.parts, `\`\`\`json\n${event.output}\n\`\`\``) : before.parts
        const note =
          event.stopped === 'answered' ? null : 'The answer ended early, at a limit of the assistant.'
        return { ...before, parts, status: 'done', questions: [], note }
      }
      case 'run-error':
        return { ...before, status: 'failed', questions: [], note: event.detail }
      case 'run-cancel':
        return { ...before, status: 'stopped', questions: [], note: 'Stopped.' }
      default:
        return before
    }
  }

  function take(numbered: NumberedEvent): void {
    const { event } = numbered
    if (event.type === 'run-start') {
      runId = event.run_id
      hasSchema = event.has_schema
    }
    if (event.type === 'run-attempt' || event.type === 'step-restart') {
      open = open.filter(({ seq }) => seq <= event.after)
      answer = open.reduce((before, { event: one }) => next(before, one), finished)
      return
    }
    open.push(numbered)
    answer = next(answer, event)
    if (event.type !== 'step-end') return
    finished = answer
    open = []
  }

  return {
    add(numbered) {
      if (numbered.seq <= lastSeq) return
      take(numbered)
      lastSeq = numbered.seq
    },
    answer: () => answer,
    runId: () => runId,
    lastSeq: () => lastSeq,
  }
}

function withText(parts: readonly Part[], text: string): Part[] {
  const last = parts.at(-1)
  if (last?.kind === 'text') return [...parts.slice(0, -1), { kind: 'text', text: last.text + text }]
  return [...parts, { kind: 'text', text }]
}

export function isOver({ status }: Answer): boolean {
  return status === 'done' || status === 'stopped' || status === 'failed'
}

/** For those who hear it, and for the copy of a conversation. */
export function textOf({ parts }: Answer): string {
  return parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('\n\n')
}
