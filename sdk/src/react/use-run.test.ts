import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createElement } from 'react'
import { createClient } from '../client/client.ts'
import { isProblem } from '../contract/problem.ts'
import type { RunEvent } from '../contract/run.ts'
import { serve } from '../testing/serve.ts'
import { type FollowedRun, RoundhouseProvider, useRun } from './provider.ts'

// Of a page only what React asks for: the component below draws nothing.
Object.assign(globalThis, { window: globalThis })
const { createRoot } = await import('react-dom/client')

const id = '0190f0f0-0000-7000-8000-000000000000'
const other = '0190f0f0-0000-7000-8000-000000000001'
const text = (value: string): RunEvent => ({ type: 'text-delta', step: 1, text: value })
const end = (output: string): RunEvent => ({
  type: 'run-end',
  output,
  stopped: 'answered',
  usage: { input_tokens: 3, output_tokens: 4, estimated: false },
  credits: 2,
})

/** A server of runs whose events the test writes: it answers as the real one, with what came behind the last number. */
async function serveRuns(t: TestContext) {
  const frames = new Map<string, string[]>([
    [id, []],
    [other, []],
  ])
  const followers = new Map<ServerResponse, string>()
  const asked: string[] = []

  function tell(runId: string, ...events: readonly RunEvent[]): void {
    const all = frames.get(runId) ?? []
    for (const event of events) {
      const frame = `id: ${all.length + 1}\ndata: ${JSON.stringify(event)}\n\n`
      all.push(frame)
      for (const [response, followed] of followers) if (followed === runId) response.write(frame)
    }
  }

  const baseUrl = await serve(t, (request, response) => {
    const [, runId = ''] = /^\/api\/v1\/runs\/([^/]+)\/events$/.exec(request.url ?? '') ?? []
    const all = frames.get(runId)
    if (!all) {
      const problem = { error: 'Not found', code: 'run-not-found', detail: 'There is no such run.' }
      response.writeHead(404).end(JSON.stringify({ ...problem, request_id: 'r' }))
      return
    }
    const after = String(request.headers['last-event-id'])
    asked.push(after)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    for (const frame of all.slice(Number(after))) response.write(frame)
    followers.set(response, runId)
    response.on('close', () => followers.delete(response))
  })
  return {
    baseUrl,
    tell,
    /** Behind which numbers the events were asked for. */
    asked,
    followers: () => followers.size,
    /** Breaks all connections in the midst of an event. */
    cut() {
      for (const response of followers.keys()) response.write('id: 9', () => response.destroy())
    },
  }
}

function Shown({ run, shown }: { run: string | undefined; shown: FollowedRun[] }): null {
  shown.push(useRun(run))
  return null
}

/** A page with one component that follows a run. */
function openPage(t: TestContext, baseUrl: string) {
  const document = { nodeType: 9, addEventListener() {}, defaultView: { HTMLIFrameElement: class {} } }
  const element = { nodeType: 1, tagName: 'DIV', ownerDocument: document, addEventListener() {} }
  // All that is used of it is there.
  const root = createRoot(element as unknown as Element)
  const client = createClient({ baseUrl })
  const shown: FollowedRun[] = []

  t.after(() => root.unmount())
  return {
    shown,
    last: () => shown.at(-1),
    show: (run: string | undefined) =>
      root.render(createElement(RoundhouseProvider, { client }, createElement(Shown, { run, shown }))),
    leave: () => root.unmount(),
    texts: () => shown.map(run => run.text),
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, what)
    await delay(2)
  }
}

test('a component shows what a run says while it says it, and how it ended', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(id)
  await until('it is asked for', () => server.asked.length === 1)
  assert.deepEqual([page.last()?.status, page.last()?.text], ['unknown', ''])
  server.tell(id, text('Hel'), text('lo'))
  await until('the first words are shown', () => page.last()?.text === 'Hello')
  server.tell(id, text(' you'), end('Hello you'))
  await until('the end is shown', () => page.last()?.status === 'done')
  const { output, usage, credits, failure } = page.last() ?? {}
  assert.deepEqual([page.last()?.text, output, credits, failure], ['Hello you', 'Hello you', 2, undefined])
  assert.deepEqual(usage, { input_tokens: 3, output_tokens: 4, estimated: false })
  await until('nobody follows a run that has ended', () => server.followers() === 0)
  assert.deepEqual(server.asked, ['0'])
})

test('a connection that breaks off repeats nothing and loses nothing', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(id)
  server.tell(id, text('one '), text('two '))
  await until('the first words are shown', () => page.last()?.text === 'one two ')
  server.cut()
  await until('the connection is gone', () => server.followers() === 0)
  server.tell(id, text('three '))
  await until('it comes back', () => page.last()?.text === 'one two three ')
  server.cut()
  await until('the connection is gone', () => server.followers() === 0)
  server.tell(id, text('four'), end('one two three four'))
  await until('the end is shown', () => page.last()?.status === 'done')
  assert.deepEqual(server.asked.slice(0, 3), ['0', '2', '3'])
  const whole = 'one two three four'
  assert.equal(page.last()?.text, whole)
  for (const part of page.texts()) assert.ok(whole.startsWith(part), part)
})

test('words that a new attempt takes back are not shown any more', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(id)
  server.tell(id, text('Good '), text('mor'))
  await until('the first words are shown', () => page.last()?.text === 'Good mor')
  server.tell(id, { type: 'run-attempt', attempt: 2, after: 1 }, text('evening'), end('Good evening'))
  await until('the end is shown', () => page.last()?.status === 'done')
  assert.equal(page.last()?.text, 'Good evening')
})

test('a run that is cancelled is shown as cancelled, with what it had said', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(id)
  server.tell(id, text('Half a '))
  await until('the first words are shown', () => page.last()?.text === 'Half a ')
  server.tell(id, { type: 'run-cancel', credits: 1 })
  await until('the end is shown', () => page.last()?.status === 'cancelled')
  assert.deepEqual([page.last()?.text, page.last()?.output, page.last()?.credits], ['Half a ', null, 1])
  await until('nobody follows it', () => server.followers() === 0)
})

test('a component that goes follows no more, and does not come back', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(id)
  server.tell(id, text('Hello'))
  await until('the first words are shown', () => page.last()?.text === 'Hello')
  page.leave()
  await until('nobody follows', () => server.followers() === 0)
  const { length } = page.shown
  server.tell(id, text(' again'))
  // Another component sees all of it meanwhile.
  const next = openPage(t, server.baseUrl)
  next.show(id)
  await until('it is followed anew', () => next.last()?.text === 'Hello again')
  assert.deepEqual([page.shown.length, server.followers(), server.asked], [length, 1, ['0', '0']])
})

test('a component that is given another run leaves the first, and shows nothing of it', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show(undefined)
  await until('it is drawn', () => page.shown.length > 0)
  assert.deepEqual([page.last()?.status, server.asked], ['unknown', []])
  page.show(id)
  server.tell(id, text('first'))
  await until('the first run is shown', () => page.last()?.text === 'first')
  const before = page.shown.length
  page.show(other)
  server.tell(other, text('second'), end('second'))
  await until('the second run is shown', () => page.last()?.status === 'done')
  assert.equal(page.last()?.text, 'second')
  for (const part of page.texts().slice(before)) assert.ok('second'.startsWith(part), part)
  await until('nobody follows', () => server.followers() === 0)
})

test('why a run cannot be followed is told to the component', async t => {
  const server = await serveRuns(t)
  const page = openPage(t, server.baseUrl)
  page.show('0190f0f0-0000-7000-8000-00000000000f')
  await until('it is told', () => page.last()?.failure !== undefined)
  const failure = page.last()?.failure
  assert.ok(isProblem(failure) && failure.code === 'run-not-found', String(failure))
})
