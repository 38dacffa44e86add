const longest = 300
/** A piece of a sentence that stands in a message is a quotation of it; one is looked at every `step` characters. */
const quotation = 24
const step = 12
/** A whole message shorter than this may stand in any sentence. */
const shortestMessage = 8

/**
 * What someone we have asked says of an error, as the end of a sentence: `: <its words>`, or nothing. The key is taken out
 * of it. Nothing is left of one that quotes a message: an agent's prompt is not for everyone who may run the agent.
 */
export function createQuoting(key: string | null): (error: unknown, request: unknown) => string {
  return (error, request) => {
    const all = wordsOf(error)
    // Before anything is cut: a piece of the key would not be found any more.
    const words = (key === null || key === '' ? all : all.replaceAll(key, '***')).slice(0, 2 * longest)
    if (words === '' || quotes(words, textsOf(request))) return ''
    const line = words
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replaceAll(/[\u0000-\u001f\u007f\s]+/g, ' ')
      .trim()
      .replace(/\.$/, '')
    return line === '' ? '' : `: ${line.length > longest ? `${line.slice(0, longest)}…` : line}`
  }
}

function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error
  if (!isFields(error)) return ''
  const { message, detail } = error
  return typeof message === 'string' ? message : typeof detail === 'string' ? detail : ''
}

function quotes(words: string, texts: readonly string[]): boolean {
  if (texts.some(text => text.length >= shortestMessage && words.includes(text))) return true
  for (let at = 0; at + quotation <= words.length; at += step) {
    const part = words.slice(at, at + quotation)
    if (texts.some(text => text.includes(part))) return true
  }
  return false
}

/** Every text in the messages of a conversation, or in what is to be embedded. */
function textsOf(request: unknown): string[] {
  const texts: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value)
    else if (Array.isArray(value)) for (const item of value) collect(item)
    else if (isFields(value))
      for (const [name, field] of Object.entries(value)) if (!isName(name)) collect(field)
  }
  if (isFields(request)) collect([request.messages, request.input])
  return texts
}

/** Fields of a message that name a thing and are no text of anyone. */
function isName(field: string): boolean {
  return (
    field === 'role' || field === 'type' || field === 'id' || field === 'tool_call_id' || field === 'name'
  )
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
