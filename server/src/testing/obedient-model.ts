import type { Script, UpstreamRequest } from './llm-upstream.ts'

/** What a text orders: the call of a tool, whatever stands in its fields. */
type Order = { readonly name: string; readonly args: string; readonly id: string }

/** The name of an order that calls nothing. */
const speaking = '(say)'
const orders = /<<([\w-]+)>>/g

/**
 * A text that tells its reader to call a tool. It may stand anywhere, within the arguments of another order too.
 * @param args JSON as a model writes it, or what it writes instead.
 */
export function order(name: string, args: string, id = ''): string {
  const order: Order = { name, args, id }
  return `<<${Buffer.from(JSON.stringify(order)).toString('base64url')}>>`
}

/** A text that tells its reader to say something, word by word. */
export function speech(text: string): string {
  return order(speaking, text)
}

/**
 * Answers as a model that does all that it was told since it last spoke, whoever said it, and then says `Done.` What
 * the descriptions of its tools tell it, it does first.
 */
export function obey({ body }: UpstreamRequest): Script {
  const { messages, tools = [] } = body as {
    messages: { role: string; content: string | null }[]
    tools?: { function: { description: string } }[]
  }
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  const described = last < 0 ? tools.map(tool => tool.function.description) : []
  const read = messages.slice(last + 1).map(({ content }) => content ?? '')
  const wanted = [...described, ...read].flatMap(ordersIn)
  const said = wanted.flatMap(({ name, args }) => (name === speaking ? [args] : [])).join('\n')
  const calls = wanted.filter(({ name }) => name !== speaking)
  if (calls.length === 0) return { chunks: saying(said || 'Done.') }
  return { chunks: [...(said === '' ? [] : [chunk({ content: said })]), ...calling(calls)] }
}

/** The chunks of an answer that calls these. */
export function calling(wanted: readonly Order[]): string[] {
  const calls = wanted.map(({ name, args, id }, index) =>
    chunk({
      tool_calls: [
        {
          index,
          id: id === '' ? `call_${index}` : id,
          type: 'function',
          function: { name, arguments: args },
        },
      ],
    }),
  )
  return [...calls, chunk({}, 'tool_calls')]
}

function saying(content: string): string[] {
  return [chunk({ content }), chunk({}, 'stop')]
}

function ordersIn(text: string): Order[] {
  return [...text.matchAll(orders)].map(([, coded = '']) =>
    JSON.parse(Buffer.from(coded, 'base64url').toString()),
  )
}

function chunk(delta: object, finish: string | null = null): string {
  return JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })
}
