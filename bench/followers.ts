import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import type { Generator } from './generator.ts'
import { hangs, wordOf } from './llm-script.ts'
import { startProgram } from './llm-servers.ts'
import { residentBytesOf } from './proc.ts'
import type { Followers } from './results.ts'
import { startLlmHouse } from './servers/llm-house.ts'

const count = 1000
/** As many followers each. */
const runs = 20

/** What a server that has only just started needs for readers of runs in which nothing happens. */
export async function measureFollowers(bench: Bench, generator: Generator): Promise<Followers> {
  const folder = join(bench.folder, 'followers')
  await mkdir(folder, { mode: 0o755 })
  await using started = new AsyncDisposableStack()
  const upstream = await startProgram('llm-upstream', folder, [])
  started.defer(upstream.stop)
  const house = await startLlmHouse(join(folder, 'house'), `http://127.0.0.1:${upstream.port}/v1`)
  started.defer(house.stop)
  const agentId = await house.agent(hangs)
  const ids: string[] = []
  for (let run = 0; run < runs; run++) {
    const messages = [{ role: 'user' as const, content: 'Say a word.' }]
    ids.push((await house.client.runs.start(agentId, { messages })).id)
  }
  const requests = Array.from({ length: count }, (_, at) => eventsRequest(ids[at % runs] ?? '', house.key))
  const order = (wanted: Uint8Array[]) => ({
    port: house.port,
    requests: wanted,
    sign: wordOf(0).trim(),
    limitMs: 10_000,
  })
  // A heartbeat comes every 15 s.
  const restMs = bench.quick ? 3000 : 20_000

  bench.say('agents: one follower')
  await generator.holdDuring(order(requests.slice(0, 1)), () => delay(restMs))
  const beforeBytes = residentBytesOf(house.pid)
  bench.say(`agents: ${count} followers`)
  let afterBytes = Number.NaN
  const { begun, left } = await generator.holdDuring(order(requests), async () => {
    await delay(restMs)
    afterBytes = residentBytesOf(house.pid)
  })
  // Else the server would wait for them when it stops.
  await Promise.all(ids.map(id => house.client.runs.cancel(id)))
  return { count, runs, beforeBytes, afterBytes, failed: count - Math.min(begun, left) }
}

function eventsRequest(id: string, key: string): Uint8Array {
  const lines = [
    `GET /api/v1/runs/${id}/events HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${key}`,
    'accept: text/event-stream',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}
