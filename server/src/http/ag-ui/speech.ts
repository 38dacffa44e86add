import type { Conversation } from './conversation.ts'
import type { AgUiEvent } from './events.ts'
import { messageId, toolCallId } from './names.ts'

type Message = ReturnType<Conversation['open']>

/** What the model says: messages that are opened when there is something to say, and closed before what follows. */
export type Speech = {
  say(seq: number, text: string): AgUiEvent[]
  think(seq: number, text: string): AgUiEvent[]
  call(seq: number, call: { step: number; id: string; name: string; arguments: string }): AgUiEvent[]
  /** What comes then is another message. */
  close(): AgUiEvent[]
}

export function createSpeech(conversation: Conversation, runId: string): Speech {
  let thought: Message | null = null
  let text: Message | null = null
  /** Calls belong to the text they follow, or to a message without one. */
  let caller: Message | null = null

  function closeThought(): AgUiEvent[] {
    if (thought === null) return []
    const { id } = thought
    thought = null
    return [
      { type: 'REASONING_MESSAGE_END', messageId: id },
      { type: 'REASONING_END', messageId: id },
    ]
  }

  function closeText(): AgUiEvent[] {
    if (text === null) return []
    const { id } = text
    text = null
    return [{ type: 'TEXT_MESSAGE_END', messageId: id }]
  }

  return {
    say(seq, delta) {
      if (delta === '') return []
      const events = closeThought()
      if (text === null) {
        text = conversation.open({ id: messageId(runId, seq), role: 'assistant', seq })
        caller = text
        events.push({ type: 'TEXT_MESSAGE_START', messageId: text.id, role: 'assistant' })
      }
      text.pieces.push(delta)
      events.push({ type: 'TEXT_MESSAGE_CONTENT', messageId: text.id, delta })
      return events
    },

    think(seq, delta) {
      if (delta === '') return []
      const events: AgUiEvent[] = []
      if (thought === null) {
        thought = conversation.open({ id: messageId(runId, seq), role: 'reasoning', seq })
        events.push(
          { type: 'REASONING_START', messageId: thought.id },
          { type: 'REASONING_MESSAGE_START', messageId: thought.id, role: 'reasoning' },
        )
      }
      thought.pieces.push(delta)
      events.push({ type: 'REASONING_MESSAGE_CONTENT', messageId: thought.id, delta })
      return events
    },

    call(seq, { step, id, name, arguments: args }) {
      const closed = [...closeThought(), ...closeText()]
      caller ??= conversation.open({ id: messageId(runId, seq), role: 'assistant', seq })
      const callId = toolCallId(runId, { step, id })
      caller.toolCalls.push({ id: callId, type: 'function', function: { name, arguments: args } })
      return [
        ...closed,
        { type: 'TOOL_CALL_START', toolCallId: callId, toolCallName: name, parentMessageId: caller.id },
        { type: 'TOOL_CALL_ARGS', toolCallId: callId, delta: args },
        { type: 'TOOL_CALL_END', toolCallId: callId },
      ]
    },

    close() {
      caller = null
      return [...closeThought(), ...closeText()]
    },
  }
}
