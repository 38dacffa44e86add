import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChatChunk, ChatDelta } from '../../ports/llm.ts'
import { completionOf } from './completion.ts'

async function* stream(...chunks: ChatChunk[]) {
  for (const chunk of chunks) yield [chunk]
}

function chunk(delta: ChatDelta, more: Partial<ChatChunk['choices'][number]> = {}): ChatChunk {
  return { choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

test('an answer put together has what its chunks said, for each choice', async () => {
  const answer = await completionOf(
    stream(
      {
        ...chunk({ role: 'assistant', content: 'Hel' }),
        object: 'chat.completion.chunk',
        system_fingerprint: 'f',
      },
      chunk({ content: 'Hey' }, { index: 1, finish_reason: 'length' }),
      chunk({ content: 'lo', reasoning_content: 'So' }, { logprobs: { content: [{ token: 'lo' }] } }),
      chunk({ refusal: null }, { logprobs: { content: [{ token: '!' }] }, finish_reason: 'stop' }),
      { choices: [], usage },
    ),
  )
  assert.deepEqual(answer, {
    system_fingerprint: 'f',
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello', reasoning_content: 'So', refusal: null },
        logprobs: { content: [{ token: 'lo' }, { token: '!' }] },
        finish_reason: 'stop',
      },
      { index: 1, message: { role: 'assistant', content: 'Hey' }, finish_reason: 'length' },
    ],
    usage,
  })
})

test('calls that came in pieces are whole, each once, of whatever kind', async () => {
  const answer = await completionOf(
    stream(
      chunk({
        tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '' } }],
      }),
      chunk({ tool_calls: [{ index: 0, function: { name: 'look', arguments: '{"x"' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      // The same index with another id is another call.
      chunk({ tool_calls: [{ index: 0, id: 'b', function: { name: 'go' } }] }),
      {
        choices: [{ index: 0, delta: { tool_calls: [{ index: 2, id: 'c' }] }, finish_reason: 'tool_calls' }],
      },
    ),
  )
  assert.deepEqual(answer.choices[0]?.message, {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'look', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'go', arguments: '' } },
      { id: 'c', type: 'function', function: { name: '', arguments: '' } },
    ],
  })
})

test('what was cut off says so', async () => {
  const answer = await completionOf(stream(chunk({ content: 'Half' })))
  assert.equal(answer.choices[0]?.finish_reason, 'length')
})
