import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { silentLog } from '../kit/log.ts'
import { collect, textOf } from '../ports/llm.contract.ts'
import { defer } from '../testing/defer.ts'
import { openAiCompletion, openAiText, saidText } from '../testing/llm-answers.ts'
import { type LlmUpstream, llmUpstream, type Script } from '../testing/llm-upstream.ts'
import { openTestLlm, providerOf } from '../testing/provider-fixture.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { createCalls } from './calls.ts'
import { createDirectory } from './directory.ts'
import type { CallObserver, Providers, Target } from './provider.ts'
import type { ProviderConfig } from './provider-config.ts'
import { createTargets } from './targets.ts'

const { signal } = new AbortController()
const request = { messages: [{ role: 'user', content: 'hello' }] }
const fine: Script = { chunks: openAiText }
const down: Script = { status: 503, body: '{}' }

type Room = Pick<Providers, 'find' | 'stream' | 'complete' | 'embed'> & {
  first: LlmUpstream
  second: LlmUpstream
  target: Target
  /** Which was asked, in order. */
  asked: string[]
  observer: CallObserver
}

/** Providers `first` and `second`; `first` has the fallback `second/spare`. */
async function room(
  t: TestContext,
  { clock = systemClock, ...more }: Partial<ProviderConfig> & { clock?: Clock } = {},
): Promise<Room> {
  const [first, second] = [await llmUpstream(t, fine), await llmUpstream(t, fine)]
  const bus = createInProcessBus()
  const directory = createDirectory({
    read: async () => [],
    readKey: async () => null,
    fixed: [
      providerOf('first', first.url, { fallbacks: ['second/spare'], ...more }),
      providerOf('second', second.url),
    ],
    openLlm: openTestLlm,
    bus,
    clock,
    log: silentLog,
  })
  await directory.refresh()
  defer(t, directory.close)
  const targets = createTargets(directory)
  const asked: string[] = []
  return {
    find: targets.find,
    ...createCalls({ ...targets, clock, log: silentLog }),
    first,
    second,
    target: targets.find('first/model'),
    asked,
    observer: {
      attempt: ({ provider, model }, number) => void asked.push(`${number} ${provider}/${model.name}`),
    },
  }
}

test('a provider that fails is asked three times, then its fallback, by the name of the fallback', async t => {
  const { stream, target, first, second, asked, observer } = await room(t)
  first.answer(down)
  assert.equal(textOf(await collect(stream([target], request, signal, observer))), saidText)
  assert.deepEqual(asked, ['1 first/model', '2 first/model', '3 first/model', '4 second/spare'])
  assert.equal(first.requests.length, 3)
  assert.deepEqual(
    second.requests.map(({ body }) => (body as { model: string }).model),
    ['spare'],
  )
})

test('what was gone a moment is there at the second try, also where the answer is not streamed', async t => {
  const { stream, complete, target, first, second } = await room(t)
  first.answer(down, fine)
  assert.equal(textOf(await collect(stream([target], request, signal))), saidText)
  first.answer({ chunks: [], end: 'cut' }, { body: openAiCompletion })
  assert.equal((await complete([target], request, signal)).choices[0]?.message.content, saidText)
  assert.equal(second.requests.length, 0)
})

test('Retry-After is waited for; a long one is not, and the fallback is asked at once', async t => {
  const { stream, target, first, second } = await room(t)
  const busy = (seconds: string): Script => ({ status: 429, headers: { 'retry-after': seconds }, body: '{}' })
  first.answer(busy('1'), fine)
  const startedAt = performance.now()
  await collect(stream([target], request, signal))
  assert.ok(performance.now() - startedAt >= 990)
  assert.equal(second.requests.length, 0)
  first.answer(busy('11'))
  await collect(stream([target], request, signal))
  assert.equal(first.requests.length, 3)
  assert.equal(second.requests.length, 1)
})

test('a refusal is not repeated where it came from, and is told when no fallback does better', async t => {
  const { stream, target, first, second } = await room(t)
  first.answer({ status: 400, body: '{"error":{"message":"too long for me"}}' })
  assert.equal(textOf(await collect(stream([target], request, signal))), saidText)
  assert.equal(first.requests.length, 1)
  second.answer({ status: 401, body: '{}' })
  await assert.rejects(collect(stream([target], request, signal)), {
    code: 'provider-refused',
    message: /too long for me/,
  })
})

test('once there was content nothing is tried again: the reader has the text and then the problem', async t => {
  const { stream, target, first, second } = await room(t)
  first.answer({ chunks: openAiText.slice(0, 3), end: 'cut' })
  let text = ''
  const reading = async () => {
    for await (const chunks of stream([target], request, signal)) text += textOf(chunks)
  }
  await assert.rejects(reading(), { code: 'provider-failed' })
  assert.equal(text, 'Grüße — ')
  assert.equal(first.requests.length + second.requests.length, 1)
})

test('a beginning without content is not given out twice', async t => {
  const { stream, target, first } = await room(t)
  first.answer({ chunks: openAiText.slice(0, 1), end: 'cut' }, fine)
  const chunks = await collect(stream([target], request, signal))
  assert.equal(first.requests.length, 2)
  assert.equal(chunks.length, openAiText.length)
})

test('after five failures in a row a provider is left alone for ten seconds, then tried by one call', async t => {
  const clock = turnedClock()
  const { stream, target, first } = await room(t, { clock, fallbacks: [] })
  // Refused by no rule but the breaker: a cut in the middle of an answer is not tried again.
  first.answer({ chunks: openAiText.slice(0, 3), end: 'cut' })
  for (let failure = 0; failure < 5; failure++)
    await assert.rejects(collect(stream([target], request, signal)), { code: 'provider-failed' })
  const isLeftAlone = () =>
    assert.rejects(collect(stream([target], request, signal)), { code: 'provider-unavailable' })
  await isLeftAlone()
  clock.turn(9_999)
  await isLeftAlone()
  assert.equal(first.requests.length, 5)

  clock.turn(1)
  first.answer({ hang: 'before-chunks' }, fine)
  const stop = new AbortController()
  const probe = assert.rejects(collect(stream([target], request, stop.signal)), /gone/)
  await until(() => first.requests.length === 6, 'one call is let through')
  await isLeftAlone()
  stop.abort(new Error('gone'))
  await probe
  assert.equal(textOf(await collect(stream([target], request, signal))), saidText)
  assert.equal(textOf(await collect(stream([target], request, signal))), saidText)
})

test('a provider that is left alone costs its callers no time: the fallback answers', async t => {
  const clock = turnedClock()
  const { stream, find, target, first, second } = await room(t, { clock })
  first.answer({ chunks: openAiText.slice(0, 3), end: 'cut' })
  for (let failure = 0; failure < 5; failure++)
    await assert.rejects(collect(stream([target], request, signal)))
  const before = first.requests.length
  assert.equal(textOf(await collect(stream([target], request, signal))), saidText)
  assert.equal(textOf(await collect(stream([target, find('second/other')], request, signal))), saidText)
  assert.equal(first.requests.length, before)
  assert.equal(second.requests.length, 2)
})

test('refusals say nothing against a provider', async t => {
  const { stream, target, first } = await room(t, { fallbacks: [] })
  first.answer({ status: 400, body: '{}' })
  for (let refusal = 0; refusal < 8; refusal++)
    await assert.rejects(collect(stream([target], request, signal)), { code: 'provider-refused' })
})

test('no more calls at a time than a provider takes; others wait a second, then are told or go elsewhere', async t => {
  const { stream, find, target, first, second } = await room(t, { maxConcurrent: 2, fallbacks: [] })
  first.answer({ chunks: openAiText.slice(0, 3), end: 'hang' })
  const open = async () => {
    const reader = stream([target], request, signal)[Symbol.asyncIterator]()
    await reader.next()
    return reader
  }
  const readers = [await open(), await open()]
  await assert.rejects(collect(stream([target], request, signal)), {
    code: 'provider-busy',
    retryAfterSeconds: 1,
  })
  assert.equal(textOf(await collect(stream([target, find('second/other')], request, signal))), saidText)
  assert.deepEqual([first.requests.length, second.requests.length], [2, 1])

  const third = open()
  await readers[0]?.return?.()
  await (await third).return?.()
  await readers[1]?.return?.()
  assert.equal(first.requests.length, 3)
  await until(() => first.aborted() === 3, 'the provider hears that the readers left')
})

test('the signal ends the wait for the next try', async t => {
  const { stream, target, first } = await room(t, { fallbacks: [] })
  first.answer({ status: 429, headers: { 'retry-after': '10' }, body: '{}' })
  const stop = new AbortController()
  const reading = assert.rejects(collect(stream([target], request, stop.signal)), /enough/)
  await until(() => first.requests.length === 1, 'it is asked once')
  const startedAt = performance.now()
  stop.abort(new Error('enough'))
  await reading
  assert.ok(performance.now() - startedAt < 2000)
})

test('vectors come from the model that was asked, never from a fallback', async t => {
  const { embed, target, first, second } = await room(t)
  first.answer({ status: 400, body: '{}' })
  await assert.rejects(embed(target, { input: 'a' }, signal), { code: 'provider-refused' })
  assert.equal(second.requests.length, 0)
})

test('callers who give up neither forgive a provider nor send its fallback to work', async t => {
  const { stream, complete, target, first, second, observer, asked } = await room(t)
  const failures: unknown[] = []
  const watching: CallObserver = { ...observer, failed: (_, error) => void failures.push(error) }
  const gone = new Problem('client-closed', 'The client went away.')
  const giveUp = async (ask: (signal: AbortSignal) => Promise<unknown>) => {
    const caller = new AbortController()
    const before = first.requests.length
    const asking = assert.rejects(ask(caller.signal), { code: 'client-closed' })
    await until(() => first.requests.length > before, 'it is asked')
    caller.abort(gone)
    await asking
  }
  // Four failures, the fifth of which would open the breaker.
  first.answer({ status: 503, headers: { 'retry-after': '60' }, body: '{}' })
  for (let failure = 0; failure < 4; failure++) await collect(stream([target], request, signal))
  const served = second.requests.length

  first.answer({ hang: 'before-head' })
  await giveUp(signal => collect(stream([target], request, signal, watching)))
  await giveUp(signal => complete([target], request, signal, watching))
  assert.deepEqual(failures, [], 'nothing has failed')
  assert.equal(second.requests.length, served)
  assert.deepEqual(asked, ['1 first/model', '1 first/model'])

  first.answer({ status: 503, headers: { 'retry-after': '60' }, body: '{}' })
  await collect(stream([target], request, signal))
  const requests = first.requests.length
  await collect(stream([target], request, signal))
  assert.equal(first.requests.length, requests, 'the fifth failure in a row has opened the breaker')
})
