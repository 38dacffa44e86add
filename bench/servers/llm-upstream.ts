import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hangs, scriptOf, wordOf } from '../llm-script.ts'

// A language model without one: OpenAI's chat completions as a script. The name of the model says what comes:
// `64x20` is 64 words, one each 20 ms; `64x0` comes at once; `hang` says one word and nothing more.

const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench' }
const words: Buffer[] = []

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const { model, stream } = JSON.parse(Buffer.concat(parts).toString()) as {
      model: string
      stream: boolean
    }
    if (!stream) sendWhole(model, response)
    else if (model === hangs) begin(response).write(wordChunk(0))
    else sendStream(model, response)
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

function sendStream(model: string, response: ServerResponse): void {
  const { chunks, everyMs } = scriptOf(model)
  begin(response)
  let sent = 0
  if (everyMs === 0) while (sent < chunks) response.write(wordChunk(sent++))
  else response.write(wordChunk(sent++))
  if (sent === chunks) {
    response.end(tail(chunks))
    return
  }
  const timer = setInterval(() => {
    response.write(wordChunk(sent++))
    if (sent < chunks) return
    clearInterval(timer)
    response.end(tail(chunks))
  }, everyMs)
  response.on('close', () => clearInterval(timer))
}

function sendWhole(model: string, response: ServerResponse): void {
  const { chunks } = scriptOf(model)
  const message = {
    role: 'assistant',
    content: Array.from({ length: chunks }, (_, at) => wordOf(at)).join(''),
  }
  const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }]
  const text = JSON.stringify({ ...head, object: 'chat.completion', choices, usage: usageOf(chunks) })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  return response
}

function wordChunk(at: number): Buffer {
  words[at] ??= event({
    delta: at === 0 ? { role: 'assistant', content: wordOf(at) } : { content: wordOf(at) },
  })
  return words[at]
}

/** Behind the words, at once: why it ends, the usage, the end. */
function tail(chunks: number): string {
  const end = event({ delta: {}, finish_reason: 'stop' })
  const usage = `data: ${JSON.stringify({ ...head, choices: [], usage: usageOf(chunks) })}\n\n`
  return `${end}${usage}data: [DONE]\n\n`
}

function event(choice: { delta: object; finish_reason?: string }): Buffer {
  const choices = [{ index: 0, logprobs: null, finish_reason: null, ...choice }]
  return Buffer.from(`data: ${JSON.stringify({ ...head, choices })}\n\n`)
}

function usageOf(chunks: number) {
  return { prompt_tokens: 8, completion_tokens: chunks, total_tokens: chunks + 8 }
}
