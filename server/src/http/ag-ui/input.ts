import { type AgUiMessage, Problem, type RunAgentInput, type RunMessage } from '@roundhouse/sdk/contract'

/** Of one run, as at its own door. */
const mostMessages = 1000

/**
 * What a run is asked: the texts of the conversation, behind what the application lets the model know. What tools answered
 * in runs before is not shown again, nor is it where this server remembers threads itself. What an agent cannot read, such
 * as pictures, is passed over, as the protocol wants it.
 * @throws Problem `invalid-request`.
 */
export function runMessages({ messages, context = [] }: RunAgentInput): RunMessage[] {
  const said = messages.flatMap(runMessage)
  if (said.at(-1) === undefined) throw new Problem('invalid-request', 'messages: there is nothing to answer.')
  if (said.length >= mostMessages)
    throw new Problem('invalid-request', `messages: more than ${mostMessages} texts are not read.`)
  if (context.length === 0) return said
  const lines = context.map(({ description, value }) => `${description}: ${value}`)
  return [{ role: 'system', content: `What the application says:\n${lines.join('\n')}` }, ...said]
}

function runMessage(message: AgUiMessage): RunMessage[] {
  switch (message.role) {
    case 'developer':
    case 'system':
      return [{ role: 'system', content: message.content }]
    case 'user':
      return [{ role: 'user', content: textOf(message.content) }]
    case 'assistant':
      return message.content ? [{ role: 'assistant', content: message.content }] : []
    default:
      return []
  }
}

function textOf(content: Extract<AgUiMessage, { role: 'user' }>['content']): string {
  if (typeof content === 'string') return content
  return content.flatMap(({ type, text }) => (type === 'text' && text ? [text] : [])).join('\n')
}

/** The calls of tools in the conversation that have no answer. */
export function openToolCalls(messages: readonly AgUiMessage[]): string[] {
  const answered = new Set(messages.flatMap(message => (message.role === 'tool' ? [message.toolCallId] : [])))
  return messages
    .flatMap(message => (message.role === 'assistant' ? (message.toolCalls ?? []) : []))
    .flatMap(({ id }) => (answered.has(id) ? [] : [id]))
}
