import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import { httpServer } from '../../testing/http-server.ts'
import { scriptedRun } from '../../testing/scripted-run.ts'
import { until } from '../../testing/until.ts'

type Got = { headers: IncomingMessage['headers']; body: unknown }

/** A backend of an agent: a real server, with an answer for each request in turn. */
async function backend(t: TestContext, answers: readonly ((response: ServerResponse) => void)[]) {
  const got: Got[] = []
  const { url } = await httpServer(t, async (request, response) => {
    got.push({ headers: request.headers, body: await json(request) })
    answers[Math.min(got.length, answers.length) - 1]?.(response)
  })
  return { got, url: `${url}/execute` }
}

function streams(...frames: unknown[]): (response: ServerResponse) => void {
  return response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const frame of frames) response.write(`data: ${JSON.stringify(frame)}\n\n`)
    response.end()
  }
}

function runOn(url: string, more: Partial<Parameters<typeof scriptedRun>[0]> = {}) {
  return scriptedRun({
    mode: 'remote',
    remoteSecret: 'shared',
    config: { railway_url: url, system_prompt: 'Be brief.', knowledge: [{ content: 'Known.' }], price: 4 },
    ...more,
  })
}

test('a backend of an agent is shown the secret and the agent, and what it streams is streamed on', async t => {
  const { url, got } = await backend(t, [
    streams(
      { type: 'chunk', content: 'Hel' },
      { type: 'other' },
      { type: 'chunk', content: 'lo' },
      { type: 'done', response: 'Hello', executionTime: 5 },
    ),
  ])
  const house = runOn(url, { balance: 100, runPrice: 1 })
  const outcome = await house.go()
  assert.deepEqual(outcome.kind === 'done' && [outcome.output, outcome.stopped, outcome.credits], [
    'Hello',
    'answered',
    5,
  ])
  house.ledger.end(5)
  assert.equal(got[0]?.headers['x-railway-secret'], 'shared')
  assert.deepEqual(got[0]?.body, {
    userId: '0193a000-0000-7000-8000-000000000002',
    agentId: '0193a000-0000-7000-8000-000000000003',
    agentConfig: {
      system_prompt: 'Be brief.',
      ai_model: 'model',
      knowledge_base: [{ content: 'Known.' }],
    },
    messages: [{ role: 'user', content: 'Hello?' }],
    stream: true,
  })
  assert.deepEqual(
    house.events.map(event => (event.type === 'text-delta' ? event.text : event.type)),
    ['step-start', 'Hel', 'lo', 'step-end'],
  )
})

test('a backend that answers in one piece is understood', async t => {
  const { url } = await backend(t, [
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"response":"All at once","executionTime":1}')
    },
  ])
  const outcome = await runOn(url).go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'All at once')
})

test('a backend that is busy is asked again, and one that has begun to answer is not', async t => {
  const busy = (response: ServerResponse) => void response.writeHead(503).end()
  const first = await backend(t, [busy, streams({ type: 'done', response: 'Now' })])
  const outcome = await runOn(first.url).go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'Now')
  assert.equal(first.got.length, 2)

  const second = await backend(t, [streams({ type: 'chunk', content: 'Half' })])
  const broken = await runOn(second.url).go()
  assert.deepEqual(broken.kind === 'failed' && [codeOf(broken.error), broken.output], [
    'provider-failed',
    'Half',
  ])
  assert.equal(second.got.length, 1)
})

test('what a backend refuses or fails with has its code, and costs nothing', async t => {
  for (const [answer, code] of [
    [
      (response: ServerResponse) => void response.writeHead(401).end('{"error":"no"}'),
      'provider-unauthorised',
    ],
    [(response: ServerResponse) => void response.writeHead(400).end('bad'), 'provider-refused'],
    [(response: ServerResponse) => void response.writeHead(500).end(), 'provider-failed'],
    [
      (response: ServerResponse) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'provider-unavailable',
    ],
    [streams({ type: 'error', error: 'out of tea' }), 'provider-failed'],
    [(response: ServerResponse) => void response.end('{}'), 'provider-failed'],
  ] as const) {
    const { url } = await backend(t, [answer])
    const house = runOn(url, { balance: 100 })
    const outcome = await house.go()
    assert.deepEqual(outcome.kind === 'failed' && [codeOf(outcome.error), outcome.credits], [code, 0])
    house.ledger.end(0)
    assert.equal(house.ledger.held(), 0)
  }
})

test('the words of a backend are told, but for those of the agent and the secret', async t => {
  const refuses = (words: string) => (response: ServerResponse) =>
    void response.writeHead(400).end(JSON.stringify({ error: words }))
  for (const [answer, sentence] of [
    [refuses('out of tea'), 'The backend of the agent answered 400: out of tea.'],
    [refuses('bad prompt: Be brief.'), 'The backend of the agent answered 400.'],
    [refuses('not shared'), 'The backend of the agent answered 400: not ***.'],
    [streams({ type: 'error', error: 'out of tea' }), 'The backend of the agent failed: out of tea.'],
    [streams({ type: 'error', error: 'bad prompt: Be brief.' }), 'The backend of the agent failed.'],
  ] as const) {
    const { url } = await backend(t, [answer])
    const outcome = await runOn(url).go()
    assert.equal(outcome.kind === 'failed' && isProblem(outcome.error) && outcome.error.message, sentence)
  }
})

test('what a backend says of a failure is not told where the agent has rules, which look at answers alone', async t => {
  const guardrails = [{ type: 'pii' as const, on: ['output' as const], action: 'mask' as const }]
  for (const [answer, sentence] of [
    [streams({ type: 'error', error: 'no ann@example.com' }), 'The backend of the agent failed.'],
    [
      (response: ServerResponse) => void response.writeHead(400).end('no ann@example.com'),
      'The backend of the agent answered 400.',
    ],
  ] as const) {
    const { url } = await backend(t, [answer])
    const outcome = await runOn(url, { config: { railway_url: url, guardrails } }).go()
    assert.equal(outcome.kind === 'failed' && isProblem(outcome.error) && outcome.error.message, sentence)
  }
})

test('a backend that says nothing is left, whether it has begun to answer or not', async t => {
  for (const type of ['text/event-stream', 'application/json', null]) {
    const { url } = await backend(t, [
      response => {
        if (type === null) return
        response.writeHead(200, { 'content-type': type })
        response.write(': working\n\n')
      },
    ])
    const house = runOn(url)
    let outcome: Awaited<ReturnType<typeof house.go>> | undefined
    void house.go().then(over => (outcome = over))
    await until(() => {
      house.clock.turn(60_000)
      return outcome !== undefined
    }, 'the run is over')
    assert.equal(outcome?.kind === 'failed' && codeOf(outcome.error), 'provider-timeout')
  }
})

test('a backend that works is waited for as long as it sends comments', async t => {
  const working = Promise.withResolvers<ServerResponse>()
  const { url } = await backend(t, [
    response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      working.resolve(response)
    },
  ])
  const house = runOn(url)
  let waits = 0
  const clock: Clock = {
    ...house.clock,
    after(ms, callback) {
      waits += 1
      return house.clock.after(ms, callback)
    },
  }
  const going = house.go({}, { clock })
  const response = await working.promise
  for (let comments = 1; comments <= 3; comments++) {
    response.write(': working\n\n')
    // For the head, for the first comment, and after each.
    await until(() => waits >= comments + 2, 'the comment is read')
    house.clock.turn(100_000)
  }
  response.end('data: {"type":"done","response":"At last"}\n\n')
  const outcome = await going
  assert.equal(outcome.kind === 'done' && outcome.output, 'At last')
})

test('an agent that may take an hour gives its backend an hour to say something', async t => {
  const asked = Promise.withResolvers<ServerResponse>()
  const { url } = await backend(t, [response => asked.resolve(response)])
  const house = runOn(url, { config: { railway_url: url, limits: { max_seconds: 3600 } } })
  const going = house.go()
  const response = await asked.promise
  house.clock.turn(3_000_000)
  streams({ type: 'done', response: 'At last' })(response)
  const outcome = await going
  assert.equal(outcome.kind === 'done' && outcome.output, 'At last')
})

test('a backend that is asked again by another process can know the run', async t => {
  const { url, got } = await backend(t, [streams({ type: 'done', response: 'Now' })])
  const first = runOn(url)
  await first.go()
  await runOn(url).go({ attempt: 2 })
  const names = got.map(({ headers }) => [headers['idempotency-key'], headers['x-request-id']])
  assert.deepEqual(names, [
    [first.runId, first.runId],
    [first.runId, first.runId],
  ])
})

test('a backend whose answer breaks off, or never ends, is told as what it is', async t => {
  const piece = 'x'.repeat(1024 * 1024)
  const flood = (response: ServerResponse, text: string) => {
    const more = () => {
      while (!response.destroyed && response.write(text));
    }
    response.on('drain', more)
    more()
  }
  for (const [answer, code] of [
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
        response.write('{"response":', () => response.destroy())
      },
      'provider-failed',
    ],
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: {"type":"chunk","content":"Half"}\n\n', () => response.destroy())
      },
      'provider-failed',
    ],
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        flood(response, piece)
      },
      'output-invalid',
    ],
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        flood(response, piece)
      },
      'output-invalid',
    ],
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        flood(response, `data: ${JSON.stringify({ type: 'chunk', content: piece })}\n\n`)
      },
      'output-invalid',
    ],
  ] as const) {
    const { url } = await backend(t, [answer])
    const outcome = await runOn(url).go()
    assert.equal(outcome.kind === 'failed' && codeOf(outcome.error), code)
  }
})

test('without a secret no backend is asked', async () => {
  const outcome = await runOn('http://127.0.0.1:1/', { remoteSecret: null }).go()
  assert.equal(outcome.kind === 'failed' && codeOf(outcome.error), 'provider-unavailable')
})

test('a cancelled run hangs up on its backend', async t => {
  const hungUp = Promise.withResolvers<void>()
  const stop = new AbortController()
  const { url } = await backend(t, [
    response => {
      response.on('close', () => hungUp.resolve())
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"type":"chunk","content":"Half"}\n\n')
      setImmediate(() => stop.abort('cancelled'))
    },
  ])
  const outcome = await runOn(url).go({ signal: stop.signal })
  assert.equal(outcome.kind, 'cancelled')
  await hungUp.promise
})

function codeOf(error: unknown): string | undefined {
  return isProblem(error) ? error.code : undefined
}
