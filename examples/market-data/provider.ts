/**
 * A provider of prices to try the feed with, as providers are: it refuses what comes too fast (429 with `Retry-After`),
 * fails now and then (500, connections cut in the middle), corrects a day when it is over, and sometimes answers from a
 * copy that does not know of the correction yet. Prices are made from symbol and date.
 *
 * `node provider.ts` serves on port 4010 (PORT).
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ProviderPrice = { symbol: string; date: string; close: string; volume: number; revision: number }

export type Provider = {
  url: string
  /** What it says of a day once that is corrected; undefined when nothing is traded. */
  truth(symbol: string, date: string): ProviderPrice | undefined
  /** How often it answered so; `impatient` were refused because they came before they were asked to come again. */
  counts(): Readonly<Record<'fine' | 'limited' | 'impatient' | 'failed' | 'cut' | 'stale', number>>
  close(): Promise<void>
}

const quota = 10
const closedMs = 1000
const failEvery = 7
const cutEvery = 11
const staleEvery = 5
const dayMs = 24 * 3600 * 1000

/** @param today Gives the day it is for the provider: it knows no later one, and has not corrected this one yet. */
export async function startProvider(today: () => string, port = 0): Promise<Provider> {
  const counts = { fine: 0, limited: 0, impatient: 0, failed: 0, cut: 0, stale: 0 }
  let asked = 0
  let left = quota
  let closedUntil = 0

  function answer(address: string, reply: ServerResponse): void {
    const now = performance.now()
    if (left === 0 || now < closedUntil) {
      counts[left === 0 ? 'limited' : 'impatient'] += 1
      if (left === 0) closedUntil = now + closedMs
      left = quota
      reply.writeHead(429, { 'retry-after': String(closedMs / 1000) }).end()
      return
    }
    left -= 1
    asked += 1
    if (asked % failEvery === 0) {
      counts.failed += 1
      reply.writeHead(500).end('The machine is on fire.')
      return
    }
    const { searchParams } = new URL(address, 'http://provider')
    const isStale = asked % staleEvery === 0
    const body = JSON.stringify({ data: find(searchParams, isStale) })
    reply.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    if (asked % cutEvery === 0) {
      counts.cut += 1
      reply.write(body.slice(0, body.length / 2), () => reply.destroy())
      return
    }
    counts.fine += 1
    counts.stale += Number(isStale)
    reply.end(body)
  }

  function find(query: URLSearchParams, isStale: boolean): ProviderPrice[] {
    const symbol = query.get('symbol') ?? ''
    const found: ProviderPrice[] = []
    const last = Math.min(Date.parse(query.get('to') ?? ''), Date.parse(today()))
    for (let time = Date.parse(query.get('from') ?? ''); time <= last; time += dayMs) {
      const date = new Date(time).toISOString().slice(0, 10)
      const price = truth(symbol, date)
      if (!price) continue
      const isOpen = date === today() || (isStale && date >= weekBefore(today()))
      found.push(isOpen ? provisional(price) : price)
    }
    return found
  }

  const server = createServer((request, reply) => answer(request.url ?? '', reply)).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    truth,
    counts: () => ({ ...counts }),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function truth(symbol: string, date: string): ProviderPrice | undefined {
  const weekday = new Date(date).getUTCDay()
  if (weekday === 0 || weekday === 6) return undefined
  const digest = createHash('sha256').update(`${symbol} ${date}`).digest()
  const cents = 1000 + (digest.readUInt32BE(0) % 90_000)
  return { symbol, date, close: (cents / 100).toFixed(2), volume: digest.readUInt16BE(4) * 100, revision: 2 }
}

/** Before the correction the last auction is missing. */
function provisional(price: ProviderPrice): ProviderPrice {
  return { ...price, close: (Number(price.close) + 0.5).toFixed(2), volume: price.volume / 2, revision: 1 }
}

function weekBefore(date: string): string {
  return new Date(Date.parse(date) - 7 * dayMs).toISOString().slice(0, 10)
}

if (import.meta.main) {
  const { url } = await startProvider(
    () => new Date().toISOString().slice(0, 10),
    Number(process.env.PORT ?? 4010),
  )
  console.log(`Prices at ${url}`)
}
