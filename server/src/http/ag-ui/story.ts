import type { RunAgentInput, RunEvent } from '@roundhouse/sdk/contract'
import { createConversation } from './conversation.ts'
import type { AgUiEvent, Interrupt } from './events.ts'
import { messageId, toolCallId } from './names.ts'
import { createSpeech } from './speech.ts'
import { createUsage } from './usage.ts'

type Event<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** What is told of a run, and from where. */
export type Told = {
  readonly id: string
  /** What the client has heard: the number of the event. */
  readonly after: number
  /** The texts are tries; what counts is told at the end. */
  readonly hasSchema: boolean
}

export type Story = {
  begin(): AgUiEvent[]
  add(seq: number, event: RunEvent): AgUiEvent[]
  /** The run waits, and this call ends: with all that is needed to ask the person. */
  interrupt(): AgUiEvent[]
  /** What was used up to here, for an end that the run does not tell. */
  usage(): Pick<Extract<AgUiEvent, { type: 'RUN_ERROR' }>, 'usage'>
}

/** What the events of a run are in the events of AG-UI. What they take back is taken back by a snapshot of the conversation. */
export function createStory(input: RunAgentInput, told: Told): Story {
  const { threadId, runId, parentRunId } = input
  const conversation = createConversation(input.messages, told)
  const speech = createSpeech(conversation, told.id)
  const usage = createUsage()
  const interrupts = new Map<string, Interrupt>()
  let { hasSchema } = told
  let step: { name: string; seq: number } | null = null

  function openStep(seq: number, { step: n, provider, model }: Event<'step-start'>): AgUiEvent[] {
    const before = closeStep()
    step = { name: `step-${n}`, seq }
    usage.speaks(provider, model)
    return [...before, { type: 'STEP_STARTED', stepName: step.name }]
  }

  function closeStep(): AgUiEvent[] {
    const closed = speech.close()
    if (step === null) return closed
    const { name: stepName } = step
    step = null
    return [...closed, { type: 'STEP_FINISHED', stepName }]
  }

  function takeBack(after: number): AgUiEvent[] {
    const closed = step !== null && step.seq > after ? closeStep() : speech.close()
    return conversation.takeBack(after) ? [...closed, snapshot()] : closed
  }

  function snapshot(): AgUiEvent {
    return { type: 'MESSAGES_SNAPSHOT', messages: conversation.messages() }
  }

  function result(seq: number, { step, id, content, is_error }: Event<'tool-result'>): AgUiEvent[] {
    const message = {
      toolCallId: toolCallId(told.id, { step, id }),
      content,
      role: 'tool' as const,
      ...(is_error ? { metadata: { roundhouse: { is_error } } } : {}),
    }
    const id_ = messageId(told.id, seq)
    conversation.result({ id: id_, ...message }, seq)
    return [{ type: 'TOOL_CALL_RESULT', messageId: id_, ...message }]
  }

  function finish(outcome: 'success' | 'cancelled', more: { result?: unknown; stopped?: string }): AgUiEvent {
    const { stopped, ...result } = more
    return {
      type: 'RUN_FINISHED',
      threadId,
      runId,
      outcome: { type: outcome },
      ...result,
      ...usage.told(),
      ...(stopped === undefined ? {} : { metadata: { roundhouse: { stopped } } }),
    }
  }

  /** A limit that ended it is no failure, but the answer is not whole either. */
  function end(seq: number, { output, stopped, usage: total }: Event<'run-end'>): AgUiEvent[] {
    const said = hasSchema ? speech.say(seq, output) : []
    const closed = [...said, ...closeStep()]
    usage.atLeast(total)
    if (stopped !== 'answered') return [...closed, finish('cancelled', { stopped })]
    return [...closed, finish('success', hasSchema ? resultOf(output) : {})]
  }

  return {
    begin: () => [
      {
        type: 'RUN_STARTED',
        threadId,
        runId,
        protocolVersion: '1.0',
        ...(parentRunId === undefined ? {} : { parentRunId }),
        metadata: { roundhouse: { run_id: told.id } },
      },
      ...(conversation.isHeard ? [snapshot()] : []),
    ],

    add(seq, event) {
      switch (event.type) {
        case 'run-start':
          hasSchema = event.has_schema
          return []
        case 'run-attempt':
          return takeBack(event.after)
        case 'step-restart':
          usage.speaks(event.provider, event.model)
          return takeBack(event.after)
        case 'step-start':
          return openStep(seq, event)
        case 'text-delta':
          return hasSchema ? [] : speech.say(seq, event.text)
        case 'reasoning-delta':
          return speech.think(seq, event.text)
        case 'tool-call':
          return speech.call(seq, event)
        case 'tool-result':
          return result(seq, event)
        case 'approval-request':
          interrupts.set(event.approval_id, interruptOf(told.id, event))
          return []
        case 'approval-answer':
          interrupts.delete(event.approval_id)
          return []
        case 'step-end':
          usage.add(event.usage)
          return closeStep()
        case 'run-end':
          return end(seq, event)
        case 'run-cancel':
          return [...closeStep(), finish('cancelled', {})]
        case 'run-error':
          return [
            ...closeStep(),
            { type: 'RUN_ERROR', message: event.detail, code: event.code, ...usage.told() },
          ]
        default:
          return []
      }
    },

    interrupt: () => [
      ...closeStep(),
      { type: 'STATE_SNAPSHOT', snapshot: input.state ?? {} },
      snapshot(),
      {
        type: 'RUN_FINISHED',
        threadId,
        runId,
        outcome: { type: 'interrupt', interrupts: [...interrupts.values()] },
        ...usage.told(),
      },
    ],

    usage: usage.told,
  }
}

/** The same as `agUiApproval` of the contract. */
const responseSchema = {
  type: 'object',
  properties: {
    approved: { type: 'boolean' },
    note: { type: 'string', maxLength: 2000, description: 'Told to the model.' },
  },
  required: ['approved'],
}

function interruptOf(runId: string, event: Event<'approval-request'>): Interrupt {
  const { approval_id, name, reason, expires_at } = event
  return {
    id: approval_id,
    reason: 'tool_call',
    message:
      reason === 'approval'
        ? `May ${name} be called?`
        : `The call of ${name} was interrupted, and nobody knows what it did. May it be made again?`,
    toolCallId: toolCallId(runId, event),
    responseSchema,
    expiresAt: expires_at,
    metadata: { roundhouse: { run_id: runId, reason } },
  }
}

/** Null is none in AG-UI. */
function resultOf(output: string): { result?: unknown } {
  const result: unknown = JSON.parse(output)
  return result === null ? {} : { result }
}
