import type { AgUiMessage } from '@roundhouse/sdk/contract'
import { isSaidBehind } from './names.ts'

type ToolCall = NonNullable<Extract<AgUiMessage, { role: 'assistant' }>['toolCalls']>[number]

type Said = {
  readonly id: string
  readonly role: 'assistant' | 'reasoning'
  readonly seq: number
  /** A text grows by many pieces. */
  readonly pieces: string[]
  readonly toolCalls: ToolCall[]
}

/** A conversation as the client has it when it has read everything so far. */
export type Conversation = {
  /** Of an id that is new. */
  open(said: Pick<Said, 'id' | 'role' | 'seq'>): Pick<Said, 'id' | 'pieces' | 'toolCalls'>
  result(message: Extract<AgUiMessage, { role: 'tool' }>, seq: number): void
  /** Forgets what the run said behind a number. Whether there was anything. */
  takeBack(after: number): boolean
  /** The client has heard what it is about to be told again. */
  readonly isHeard: boolean
  messages(): AgUiMessage[]
}

type Part = {
  readonly seq: number
  read(): AgUiMessage
  /** Thoughts stay, without a word: clients keep those that a snapshot does not name. */
  empty?(): void
}

/** @param told What the client sent; what this run said behind `after` is told anew. */
export function createConversation(
  told: readonly AgUiMessage[],
  run: { readonly id: string; readonly after: number },
): Conversation {
  const isAgain = ({ id }: AgUiMessage) => isSaidBehind(id, run.id, run.after)
  const before = told.flatMap(message => {
    if (!isAgain(message)) return [message]
    return message.role === 'reasoning' ? [{ ...message, content: '' }] : []
  })
  let since: Part[] = []

  return {
    isHeard: told.some(isAgain),

    open({ id, role, seq }) {
      const said: Said = { id, role, seq, pieces: [], toolCalls: [] }
      const empty = () => void said.pieces.splice(0)
      since.push({ seq, read: () => messageOf(said), ...(role === 'reasoning' ? { empty } : {}) })
      return said
    },

    result(message, seq) {
      since.push({ seq, read: () => message })
    },

    takeBack(after) {
      const gone = since.filter(({ seq }) => seq > after)
      for (const part of gone) part.empty?.()
      since = since.filter(part => part.seq <= after || part.empty !== undefined)
      return gone.length > 0
    },

    messages() {
      const said = since.map(({ read }) => read())
      const ids = new Set(said.map(({ id }) => id))
      return [...before.filter(({ id }) => !ids.has(id)), ...said]
    },
  }
}

function messageOf({ id, role, pieces, toolCalls }: Said): AgUiMessage {
  const content = pieces.join('')
  if (role === 'reasoning') return { id, role, content }
  return {
    id,
    role,
    ...(content === '' ? {} : { content }),
    ...(toolCalls.length === 0 ? {} : { toolCalls: [...toolCalls] }),
  }
}
