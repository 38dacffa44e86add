import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
} from '@ai-sdk/provider'
import { jsonIn } from '../../../kit/json-in.ts'
import type { PassedMessage } from '../../../ports/llm.ts'
import { isFields } from '../openai/chunk.ts'

/** Says that something of a request is not possible here. @param what Follows the provider's name. */
export type Refuse = (what: string) => Error

type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart
type ToolMessage = Extract<LanguageModelV4Message, { role: 'tool' }>

/**
 * OpenAI's messages as the packages take them. Both vendors keep the system's words apart from the conversation, so all
 * of them stand first, as one. Answers of tools to one message stand in one, because Google wants as many as calls.
 * @throws what `refuse` makes of a message that cannot be said there
 */
export function toPrompt(messages: readonly PassedMessage[], refuse: Refuse): LanguageModelV4Prompt {
  const system: string[] = []
  const prompt: LanguageModelV4Message[] = []
  const toolNames = new Map<string, string>()
  let answers: ToolMessage['content'] | undefined

  for (const message of messages) {
    const { role, content } = message
    if (role === 'tool') {
      if (!answers) {
        answers = []
        prompt.push({ role, content: answers })
      }
      const toolCallId = String(message.tool_call_id)
      const toolName = toolNames.get(toolCallId)
      if (toolName === undefined) throw refuse('is told what a tool answered that was not called')
      answers.push({
        type: 'tool-result',
        toolCallId,
        toolName,
        output: { type: 'text', value: textOf(content, refuse) },
      })
      continue
    }
    answers = undefined
    if (role === 'system' || role === 'developer') system.push(textOf(content, refuse))
    else if (role === 'user') prompt.push({ role, content: userParts(content, refuse) })
    else if (role === 'assistant') {
      const calls = callsOf(message.tool_calls)
      for (const { toolCallId, toolName } of calls) toolNames.set(toolCallId, toolName)
      const text = textOf(content ?? message.refusal, refuse)
      const parts = [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls]
      if (parts.length > 0) prompt.push({ role, content: parts })
    } else throw refuse(`takes no message of the role ${JSON.stringify(role)}`)
  }

  const words = system.filter(text => text !== '').join('\n\n')
  return words === '' ? prompt : [{ role: 'system', content: words }, ...prompt]
}

function callsOf(calls: unknown): LanguageModelV4ToolCallPart[] {
  if (!Array.isArray(calls)) return []
  return calls.filter(isFields).flatMap(({ id, function: called }) => {
    if (typeof id !== 'string' || !isFields(called)) return []
    const input = jsonIn(String(called.arguments))
    // Arguments that are no object were refused by the tool, and its answer says so: the vendors take only objects.
    return [
      {
        type: 'tool-call',
        toolCallId: id,
        toolName: String(called.name),
        input: isFields(input) ? input : {},
      },
    ]
  })
}

/** Of a text, or of parts that are texts. */
function textOf(content: unknown, refuse: Refuse): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  return partsOf(content)
    .map(part => {
      if (part.type === 'text') return String(part.text)
      if (part.type === 'refusal') return String(part.refusal)
      throw refuse('takes more than text only from the user')
    })
    .join('\n')
}

function userParts(content: unknown, refuse: Refuse): UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return partsOf(content).map(part => {
    const { type, image_url: image, input_audio: audio, file } = part
    if (type === 'text') return { type, text: String(part.text) }
    if (type === 'image_url' && isFields(image)) return filePart(String(image.url), 'image', refuse)
    if (type === 'input_audio' && isFields(audio))
      return {
        type: 'file',
        mediaType: audio.format === 'mp3' ? 'audio/mpeg' : `audio/${String(audio.format)}`,
        data: { type: 'data', data: String(audio.data) },
      }
    if (type === 'file' && isFields(file) && typeof file.file_data === 'string')
      return {
        ...filePart(file.file_data, 'application/pdf', refuse),
        ...(typeof file.filename === 'string' ? { filename: file.filename } : {}),
      }
    throw refuse(`takes no part of the type ${JSON.stringify(type)}`)
  })
}

/** @param address `data:<type>;base64,<bytes>`, or where the vendor fetches it: we do not. */
function filePart(address: string, mediaType: string, refuse: Refuse): LanguageModelV4FilePart {
  const comma = address.indexOf(',')
  const [, type] = /^data:([^;,]+)(?:;[^,]*)?;base64$/.exec(address.slice(0, Math.max(0, comma))) ?? []
  if (type !== undefined)
    return { type: 'file', mediaType: type, data: { type: 'data', data: address.slice(comma + 1) } }
  if (!/^https?:/.test(address) || !URL.canParse(address))
    throw refuse('takes a file only as a data URL in base64, or by its address')
  return { type: 'file', mediaType, data: { type: 'url', url: new URL(address) } }
}

function partsOf(content: unknown): Record<string, unknown>[] {
  return Array.isArray(content) ? content.filter(isFields) : []
}
