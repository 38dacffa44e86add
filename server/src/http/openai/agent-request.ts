import {
  type CreateChatCompletion,
  isStorable,
  notStorable,
  Problem,
  type RunMessage,
} from '@roundhouse/sdk/contract'

/** An agent as a model: `agent:<slug>`, or `agent:<slug>@<version>`. */
export type AgentModel = { readonly slug: string; readonly version: number | 'draft' | undefined }

const prefix = 'agent:'

export function agentModelId(slug: string): string {
  return prefix + slug
}

/** Undefined of a provider's model. @throws Problem `agent-not-found`. */
export function agentModelOf(model: string): AgentModel | undefined {
  if (!model.startsWith(prefix)) return undefined
  const [, slug, version] =
    /^([a-z0-9][a-z0-9-]{0,63})(?:@(draft|[1-9]\d{0,8}))?$/.exec(model.slice(prefix.length)) ?? []
  if (slug === undefined)
    throw new Problem('agent-not-found', `${model}: write agent:<slug>, or agent:<slug>@<version>.`)
  return { slug, version: version === undefined || version === 'draft' ? version : Number(version) }
}

/**
 * What an agent is asked. Settings of the model are the agent's own, and are ignored. What would change the form of the
 * answer is refused, because its client would wait for what never comes.
 * @throws Problem `invalid-request`.
 */
export function agentMessages(body: CreateChatCompletion): RunMessage[] {
  if (body.tools && body.tools.length > 0) throw refused('tools', 'An agent calls its own tools.')
  if (body.n != null && body.n > 1) throw refused('n', 'An agent gives one answer.')
  if (body.logprobs) throw refused('logprobs', 'An agent does not tell them.')
  if (body.response_format && body.response_format.type !== 'text')
    throw refused('response_format', 'The form of its answers is a setting of the agent.')
  return body.messages.map(messageOf)
}

type Message = CreateChatCompletion['messages'][number]

function messageOf(message: Message, index: number): RunMessage {
  const field = `messages.${index}`
  if (message.role === 'tool' || (message.role === 'assistant' && message.tool_calls))
    throw refused(field, 'An agent calls its own tools, and is told of no others.')
  const content = textOf(message, field)
  if (!isStorable(content)) throw refused(`${field}.content`, notStorable)
  return { role: message.role === 'developer' ? 'system' : message.role, content }
}

function textOf({ content }: Message, field: string): string {
  if (typeof content === 'string') return content
  return (content ?? [])
    .map((part, index) => {
      if (part.type === 'text' && typeof part.text === 'string') return part.text
      throw refused(`${field}.content.${index}`, 'An agent reads texts only.')
    })
    .join('\n')
}

function refused(field: string, sentence: string): Problem {
  return new Problem('invalid-request', `${field}: ${sentence}`)
}
