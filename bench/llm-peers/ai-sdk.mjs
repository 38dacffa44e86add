import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  pipeTextStreamToResponse,
  pipeUIMessageStreamToResponse,
  streamText,
  toTextStream,
  toUIMessageStream,
} from 'ai'

// `streamText` behind Node's HTTP server, as its documentation has it: `/text` sends the bare text, any other path the
// events that `useChat` reads.

const provider = createOpenAICompatible({ name: 'bench', baseURL: process.argv[2] })

const server = createServer(async (request, response) => {
  const { model, messages } = await json(request)
  const { stream } = streamText({ model: provider(model), messages })
  if (request.url === '/text') pipeTextStreamToResponse({ response, stream: toTextStream({ stream }) })
  else pipeUIMessageStreamToResponse({ response, stream: toUIMessageStream({ stream }) })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
