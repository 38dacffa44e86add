import assert from 'node:assert/strict'
import { textOf } from '../ports/llm.contract.ts'
import type { ChatChunk, ChatRequest, Llm } from '../ports/llm.ts'
import { defer, type Scope } from './defer.ts'
import { type LlmUpstream, llmUpstream, type Script, type Scripted } from './llm-upstream.ts'

export const key = 'sk-planted-abcdef'
export const prompt = 'The secret prompt of the agent, which nobody is to read.'

export type ScriptedLlm = { llm: Llm; upstream: LlmUpstream }

const { signal } = new AbortController()

/** An adapter, closed when the scope ends, and the provider `acme` before it, which answers by script. */
export async function scriptedLlm(
  scope: Scope,
  scripts: readonly Scripted[],
  open: (common: {
    name: string
    baseUrl: string
    key: string
    connectTimeoutMs: number
    firstTokenTimeoutMs: number
    idleTimeoutMs: number
    answerTimeoutMs: number
  }) => Llm | Promise<Llm>,
): Promise<ScriptedLlm> {
  const upstream = await llmUpstream(scope, ...scripts)
  const llm = await open({
    name: 'acme',
    baseUrl: upstream.url,
    key,
    connectTimeoutMs: 5000,
    firstTokenTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    answerTimeoutMs: 5000,
  })
  defer(scope, () => llm.close())
  return { llm, upstream }
}

/** The text that came, and the problem it ended with, which tells nothing that is not for the caller. */
export async function broken(stream: AsyncIterable<readonly ChatChunk[]>) {
  const chunks: ChatChunk[] = []
  try {
    for await (const batch of stream) chunks.push(...batch)
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, String(error))
    const { message, code, cause } = error
    for (const secret of [key, prompt, '127.0.0.1']) assert.ok(!message.includes(secret), message)
    assert.ok(!JSON.stringify(cause ?? null).includes(prompt), 'a cause with the prompt would be logged')
    assert.match(message, /^Provider acme .*\.$|^The answer of provider acme .*\.$/)
    return {
      text: textOf(chunks),
      code,
      message,
      retryAfter: 'retryAfterSeconds' in error && error.retryAfterSeconds,
    }
  }
  return assert.fail('it did not break')
}

/** Each script breaks a stream after this text, with this code and such a sentence, and is asked for once. */
export async function assertBroken(
  { llm, upstream }: ScriptedLlm,
  request: ChatRequest,
  text: string,
  cases: readonly (readonly [Script, string, RegExp])[],
): Promise<void> {
  for (const [script, code, sentence] of cases) {
    const before = upstream.requests.length
    upstream.answer(script)
    const seen = await broken(llm.stream(request, signal))
    assert.equal(seen.code, code, script.body ?? script.end ?? script.chunks?.at(-1))
    assert.match(seen.message, sentence)
    assert.equal(seen.text, text)
    assert.equal(upstream.requests.length, before + 1, 'trying again is for the room')
  }
}
