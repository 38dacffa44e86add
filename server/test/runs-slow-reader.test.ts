import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import WebSocket from 'ws'
import { llmUpstream, type UpstreamRequest } from '../src/testing/llm-upstream.ts'
import { assertWhole, lastEvents, type SeenEvent, textOf } from '../src/testing/run-events.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { deployedKeys } from './deployed.ts'
import { onLinux, until } from './processes.ts'
import { readRun, take } from './run-readers.ts'
import { startServer } from './server.ts'

const kib = 1024
const mib = kib * kib
const slowOfEach = 24
/**
 * For each slow reader a megabyte may wait, and its connection has what it was given last; the rest is what two runs
 * differ by. Whoever keeps everything for everybody needs twice as much.
 */
const boundBytes = 7 * mib
/** 14 MiB, as four answers: one has at most 4 million characters. */
const pieces = Array.from({ length: 4 }, (_, turn) =>
  Array.from({ length: 224 }, (_, n) => `<${turn}.${n}>`.padEnd(16 * kib, 'x')),
)
const hello = 'Hello. '
const wholeText = hello + pieces.flat().join('')
/** As it is told to those who do not see the steps. */
const toldText = hello + pieces.map(turn => turn.join('')).join('\n\n')

const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })
const toolCall = chunk({
  tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'time', arguments: '{}' } }],
})

/** Says hello, goes on when everybody is there, calls a tool, and says as much again. */
let everybodyIsThere = Promise.withResolvers<void>()
const upstream = await llmUpstream({ after }, ({ body }: UpstreamRequest) => {
  const { messages } = body as { messages: { role: string }[] }
  const turn = messages.filter(({ role }) => role === 'tool').length
  const chunks = [...(turn === 0 ? [hello] : []), ...(pieces[turn] ?? [])].map(content => chunk({ content }))
  const end = turn < pieces.length - 1 ? [toolCall, chunk({}, 'tool_calls')] : [chunk({}, 'stop')]
  return {
    paceMs: 1,
    chunks: [...chunks, ...end],
    before: index => (turn === 0 && index === 1 ? everybodyIsThere.promise : undefined),
  }
})

const { adminUrl } = await testDatabase({ after })
const server = await startServer(
  { after },
  {
    env: {
      ...deployedKeys,
      DATABASE_URL: adminUrl,
      SAMPLE_MODEL: 'false',
      LLM_BASE_URL: upstream.url,
      LLM_API_KEY: 'test-key',
    },
  },
)
const token = server.key
const { body: agent } = await server.call('POST', '/api/v1/agents', {
  name: 'Writer',
  provider: 'default',
  model: 'any',
  tools: [{ type: 'time' }],
})
await server.call('POST', `/api/v1/agents/${agent.id}/publish`, {})

async function startRun(): Promise<string> {
  const messages = [{ role: 'user', content: 'Write much.' }]
  const { status, body } = await server.call('POST', `/api/v1/agents/${agent.id}/runs`, { messages })
  assert.equal(status, 201, JSON.stringify(body))
  return String(body.id)
}

function readQuickly(runId: string, seen: SeenEvent[] = []): Promise<SeenEvent[]> {
  return readRun({ urls: () => [server.url], token, runId, limitMs: 120_000, seen })
}

async function openEvents(runId: string): Promise<IncomingMessage> {
  for (;;) {
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` }
      get(`${server.url}/api/v1/runs/${runId}/events`, { headers, agent: false }, resolve).on('error', reject)
    })
    if (reply.statusCode === 200) return reply
    // On a machine that is busy with other things the database may be too slow for so many at once.
    assert.equal(reply.statusCode, 503)
    reply.resume()
    await delay(1000)
  }
}

/** Takes the first words and then nothing any more, until it is told to. */
async function stuckReader(runId: string) {
  const seen: SeenEvent[] = []
  const reply = await openEvents(runId)
  let text = ''
  let isStuck = true
  reply.setEncoding('utf8').on('data', part => {
    text += part
    if (isStuck && text.includes(hello)) reply.pause()
  })
  await until('the first words', () => text.includes(hello), 60_000)
  return {
    /** Takes all there is, to the end of the connection. Whether that end was in order. */
    async readOn(): Promise<boolean> {
      isStuck = false
      reply.resume()
      await new Promise(resolve => reply.once('close', resolve))
      await take(Readable.from([Buffer.from(text)]), seen)
      return reply.complete
    },
    /** What it has; what it reads when it comes back is added. */
    seen,
  }
}

type Message = { type: string; content?: string; response?: string; seq?: number }

/** The same over a WebSocket. */
async function stuckSocket(runId: string, lastSeq = 0) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws?token=${token}`)
  after(() => socket.terminate())
  const messages: Message[] = []
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as Message
    messages.push(message)
    if (message.content === hello) socket.pause()
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'resume', runId, lastSeq }))
  return { socket, messages, chunks: () => messages.filter(({ type }) => type === 'agent_chunk') }
}

/** Of the server's process, in bytes: the most since it was asked the last time. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  // Source: proc(5), clear_refs: 5 sets the peak back to what there is now.
  await writeFile(`/proc/${server.pid}/clear_refs`, '5')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * kib
}

/** Where it is another one, megabytes of it tell nobody anything. */
function assertText(text: string, expected = wholeText): void {
  if (text === expected) return
  let at = 0
  while (text[at] === expected[at]) at += 1
  const around = (whole: string) => whole.slice(Math.max(0, at - 20), at + 20)
  assert.fail(
    `At ${at} of ${expected.length}: ${around(text)} for ${around(expected)}, ${text.length} in all.`,
  )
}

test('clients that stop reading hold up nobody and cost the server a bounded memory; they come back and miss nothing', {
  ...onLinux,
  timeout: 240_000,
}, async () => {
  // The first shows what such a run takes by itself.
  everybodyIsThere.resolve()
  assertText(textOf(await readQuickly(await startRun())))
  const alone = await peakMemory()

  everybodyIsThere = Promise.withResolvers()
  const runId = await startRun()
  const readers = await Promise.all(Array.from({ length: slowOfEach }, () => stuckReader(runId)))
  const sockets = await Promise.all(Array.from({ length: slowOfEach }, () => stuckSocket(runId)))
  await until('all have the first words', () => sockets.every(({ chunks }) => chunks().length === 1), 60_000)
  everybodyIsThere.resolve()
  const quick = await readQuickly(runId)
  assertWhole(quick)
  assertText(textOf(quick))

  const grown = (await peakMemory()) - alone
  const bound = 2 * slowOfEach * boundBytes
  assert.ok(grown < bound, `${Math.round(grown / mib)} MiB for ${2 * slowOfEach} slow readers`)
  for (const { messages } of sockets) assert.equal(messages.at(-1)?.content, hello, 'it is stuck still')

  for (const [n, reader] of readers.entries()) {
    assert.ok(await reader.readOn(), 'its answer ends in order')
    const last = reader.seen.at(-1)
    assert.ok(last && !lastEvents.has(last.event.type), 'it was sent away before the end of the run')
    // To read so much once more for each would take long.
    if (n > 1) continue
    const all = await readQuickly(runId, reader.seen)
    assertWhole(all)
    assertText(textOf(all))
  }

  const [gone, patient] = sockets
  assert.ok(gone && patient)
  const taken = gone.chunks()
  gone.socket.terminate()
  const back = await stuckSocket(runId, taken.at(-1)?.seq)
  patient.socket.resume()
  for (const [before, { messages, chunks }] of [
    [taken, back],
    [[], patient],
  ] as const) {
    await until('the end is told', () => messages.at(-1)?.type === 'agent_execution_complete', 60_000)
    const all = [...before, ...chunks()]
    assertText(all.map(({ content }) => content).join(''), toldText)
    assert.equal(new Set(all.map(({ seq }) => seq)).size, all.length)
  }
})
