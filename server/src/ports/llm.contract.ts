import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ChatBody, ChatChunk, Llm } from './llm.ts'

/** A provider that answers with a text, calls the tool `look_up` with `{"city":"Oslo"}`, is slow, or makes vectors. */
export type OpenLlmFor = (
  t: TestContext,
  scenario: 'text' | 'call' | 'slow' | 'vectors',
) => Promise<{
  llm: Llm
  model: string
  ask: ChatBody
  /** Calls that are under way at the provider; undefined where nobody can tell. */
  underWay?: () => number
}>

const { signal } = new AbortController()

/** What every adapter promises. */
export function llmContract(name: string, open: OpenLlmFor): void {
  test(`${name}: streams the text that it gives as one, ends with a reason and tells the usage last`, async t => {
    const { llm, model, ask } = await open(t, 'text')
    const chunks = await collect(llm.stream({ ...ask, model }, signal))
    const { choices, usage } = await llm.complete({ ...ask, model }, signal)
    const text = textOf(chunks)
    assert.ok(text.length > 10)
    assert.equal(text, choices[0]?.message.content)
    assert.equal(choices[0]?.finish_reason, 'stop')
    const reasons = chunks.flatMap(chunk => chunk.choices.map(choice => choice.finish_reason))
    assert.deepEqual(
      reasons.filter(reason => reason !== null),
      ['stop'],
    )
    assert.equal(reasons.at(-1), 'stop')
    const told = chunks.at(-1)?.usage
    assert.ok(told && told.prompt_tokens > 0 && told.completion_tokens > 0)
    assert.equal(told.total_tokens, told.prompt_tokens + told.completion_tokens)
    assert.ok(usage && usage.total_tokens > 0)
  })

  test(`${name}: the pieces of a tool call make its name and its arguments`, async t => {
    const { llm, model, ask } = await open(t, 'call')
    const chunks = await collect(llm.stream({ ...ask, model }, signal))
    const pieces = chunks.flatMap(chunk => chunk.choices.flatMap(({ delta }) => delta.tool_calls ?? []))
    assert.ok(pieces.length > 1)
    assert.ok(pieces.every(({ index }) => index === 0))
    assert.match(pieces[0]?.id ?? '', /^.+$/)
    assert.equal(pieces.map(piece => piece.function?.name ?? '').join(''), 'look_up')
    assert.deepEqual(JSON.parse(pieces.map(piece => piece.function?.arguments ?? '').join('')), {
      city: 'Oslo',
    })
    assert.ok(chunks.some(({ choices }) => choices[0]?.finish_reason === 'tool_calls'))
  })

  test(`${name}: the signal ends a stream at once, with its reason`, async t => {
    const { llm, model, ask, underWay } = await open(t, 'slow')
    const stop = new AbortController()
    const reason = new Error('enough')
    const reading = async () => {
      for await (const _ of llm.stream({ ...ask, model }, stop.signal)) stop.abort(reason)
    }
    await assert.rejects(reading(), error => error === reason)
    await noneLeft(underWay)
  })

  test(`${name}: what is called off before it begins is not sent`, async t => {
    const { llm, model, ask, underWay } = await open(t, 'slow')
    const reason = new Error('never mind')
    const stopped = AbortSignal.abort(reason)
    await assert.rejects(collect(llm.stream({ ...ask, model }, stopped)), error => error === reason)
    await assert.rejects(llm.embed({ input: 'a', model }, stopped), error => error === reason)
    assert.equal(underWay?.() ?? 0, 0)
  })

  test(`${name}: leaving the loop ends the call`, async t => {
    const { llm, model, ask, underWay } = await open(t, 'slow')
    for await (const chunks of llm.stream({ ...ask, model }, signal)) {
      assert.ok(chunks.length > 0)
      break
    }
    await noneLeft(underWay)
  })

  test(`${name}: many streams at a time do not mix`, async t => {
    const { llm, model, ask } = await open(t, 'text')
    const texts = await Promise.all(
      Array.from({ length: 20 }, async () => textOf(await collect(llm.stream({ ...ask, model }, signal)))),
    )
    assert.equal(new Set(texts).size, 1)
    assert.ok((texts[0]?.length ?? 0) > 10)
  })

  test(`${name}: gives a vector for every text, in their order`, async t => {
    const { llm, model } = await open(t, 'vectors')
    const { data, usage } = await llm.embed({ model, input: ['one', 'two'] }, signal)
    assert.deepEqual(
      data.map(({ index }) => index),
      [0, 1],
    )
    assert.notDeepEqual(data[0]?.embedding, data[1]?.embedding)
    assert.ok(usage && usage.prompt_tokens > 0)
  })
}

export async function collect(stream: AsyncIterable<readonly ChatChunk[]>): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = []
  for await (const batch of stream) chunks.push(...batch)
  return chunks
}

export function textOf(chunks: readonly ChatChunk[]): string {
  return chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? '')).join('')
}

async function noneLeft(underWay: (() => number) | undefined): Promise<void> {
  const deadlineAt = performance.now() + 5000
  while ((underWay?.() ?? 0) > 0 && performance.now() < deadlineAt)
    await new Promise(resolve => setImmediate(resolve))
  assert.equal(underWay?.() ?? 0, 0)
}
