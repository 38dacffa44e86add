import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { collect, textOf } from '../../ports/llm.contract.ts'
import type { ChatRequest } from '../../ports/llm.ts'
import { saidText } from '../../testing/llm-answers.ts'
import { broken, type ScriptedLlm } from '../../testing/llm-fixture.ts'
import type { Script, Scripted } from '../../testing/llm-upstream.ts'
import { until } from '../../testing/until.ts'

const { signal } = new AbortController()

/** What every adapter that calls its provider over the network promises, of slow providers and of slow readers. */
export function networkContract(
  name: string,
  {
    open,
    request,
    said,
    begun,
    talking,
    long,
  }: {
    open(
      t: TestContext,
      scripts: readonly Scripted[],
      options?: Partial<{
        baseUrl: string
        firstTokenTimeoutMs: number
        idleTimeoutMs: number
        answerTimeoutMs: number
      }>,
    ): Promise<ScriptedLlm>
    request: ChatRequest
    /** An answer that says `saidText`. */
    said: Script
    /** Answers that have begun and say nothing yet. */
    begun: readonly Script[]
    /** One that has said something. */
    talking: Script
    /** An answer of so many pieces of text. */
    long(count: number, text: string): Script
  },
): void {
  test(`${name}: calls one after the other take turns on at most two connections`, async t => {
    const { llm, upstream } = await open(t, [said])
    for (let round = 0; round < 20; round++) await collect(llm.stream(request, signal))
    // The end of an answer may still be on its way when the next begins.
    assert.ok(upstream.connections() <= 2, `${upstream.connections()} connections`)
  })

  test(`${name}: nobody at the address is told as such`, async t => {
    const { llm } = await open(t, [], { baseUrl: 'http://127.0.0.1:1/v1' })
    assert.equal((await broken(llm.stream(request, signal))).code, 'provider-unavailable')
  })

  test(`${name}: a provider that hangs is given up: before the head, before the first word, between words`, async t => {
    const { llm, upstream } = await open(t, [said], {
      firstTokenTimeoutMs: 400,
      idleTimeoutMs: 120,
      answerTimeoutMs: 130,
    })
    // Packages may be loaded by the first call, which is not what is timed here.
    await collect(llm.stream(request, signal)).catch(() => {})
    const noToken = /no first token within 0\.4 s/
    const cases: [Script, RegExp][] = [
      [{ hang: 'before-head' }, noToken],
      [{ hang: 'before-chunks' }, noToken],
      ...begun.map((script): [Script, RegExp] => [{ ...script, end: 'hang' }, noToken]),
      [{ ...talking, end: 'hang' }, /nothing more for 0\.12 s/],
    ]
    for (const [script, sentence] of cases) {
      const before = upstream.aborted()
      upstream.answer(script)
      const seen = await broken(llm.stream(request, signal))
      assert.equal(seen.code, 'provider-timeout')
      assert.match(seen.message, sentence)
      await until(() => upstream.aborted() === before + 1, 'the provider hears of it')
    }
    upstream.answer({ hang: 'before-head' })
    await assert.rejects(llm.complete(request, signal), /did not answer within 0\.13 s/)
  })

  test(`${name}: a reader that takes its time does not make the provider late`, async t => {
    const { llm } = await open(t, [{ ...said, paceMs: 1 }], { idleTimeoutMs: 100 })
    let text = ''
    for await (const chunks of llm.stream(request, signal)) {
      text += textOf(chunks)
      await new Promise(resolve => setTimeout(resolve, 150))
    }
    assert.equal(text, saidText)
  })

  test(`${name}: a reader that does not read holds the provider back`, async t => {
    const [count, letters] = [500, 60_000]
    const { llm, upstream } = await open(t, [long(count, 'x'.repeat(letters))])
    const stream = llm.stream(request, signal)[Symbol.asyncIterator]()
    let next = await stream.next()
    let before = -1
    // Still when it has been the same for a while.
    while (upstream.sentBytes() !== before) {
      before = upstream.sentBytes()
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    assert.ok(before < (count * letters) / 2, `${before} of ${count * letters} bytes were taken`)
    let read = 0
    for (; !next.done; next = await stream.next()) read += textOf(next.value).length
    assert.ok(read >= count * letters)
  })
}
