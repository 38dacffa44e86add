import { createHash } from 'node:crypto'
import { type AgentToolOf, isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { McpClient, McpServer } from '../../ports/mcp-client.ts'
import { createChooseTools, type ForeignTool } from './foreign-tools.ts'

/** Nobody waits longer for a server to say what it has. */
const listMs = 3000
const keptMs = 60_000
/** So long a server that failed is taken to have no tools. */
const avoidedMs = 10_000
const mostKept = 300
const mostKeptCharacters = 16 * 1024 * 1024

type Spec = Pick<AgentToolOf<'mcp'>, 'url' | 'headers'> & { readonly wanted: readonly string[] | undefined }
type Opened = { readonly server: McpServer; readonly redact: (text: string) => string }

export type McpLists = {
  /** The tools of a server that are wanted, as of the last minute. Empty while it does not answer: never rejects. */
  of(spec: Spec, open: () => Promise<Opened>): Promise<readonly ForeignTool[]>
}

type Entry = {
  tools: Promise<readonly ForeignTool[]>
  until: number
  characters: number
  /** What it said last; null before. */
  digest: string | null
}

/** What servers said that they have. */
export function createMcpLists({
  client,
  clock,
  log,
}: {
  client: Pick<McpClient, 'listTools'>
  clock: Clock
  log: Log
}): McpLists {
  /** The one that was asked for longest ago first. */
  const entries = new Map<string, Entry>()
  let characters = 0
  const choose = createChooseTools()

  async function load(key: string, entry: Entry, spec: Spec, open: () => Promise<Opened>) {
    const host = hostOf(spec.url)
    try {
      const { redact, listed } = await inTime(async signal => {
        const { server, redact } = await open()
        return { redact, listed: await client.listTools(server, signal) }
      })
      const { tools, leftOut } = await choose(listed, spec.wanted, redact)
      const text = JSON.stringify(tools)
      const digest = digestOf(`${leftOut.join()} ${text}`)
      if (entry.digest !== digest && leftOut.length > 0)
        log.warn('mcp-tools-skip', { host, tools: leftOut.slice(0, 20), count: leftOut.length })
      // Whoever has read what a server offers has read something else.
      if (entry.digest !== null && entry.digest !== digest) log.warn('mcp-tools-change', { host })
      entry.digest = digest
      keep(key, entry, text.length)
      entry.until = clock.now() + keptMs
      return tools
    } catch (error) {
      log.warn('mcp-server-fail', isProblem(error) ? { host, reason: error.message } : { host, err: error })
      keep(key, entry, 0)
      entry.until = clock.now() + avoidedMs
      return []
    }
  }

  async function inTime<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const late = new AbortController()
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    const stopTimer = clock.after(listMs, () => {
      const error = new Problem('address-failed', `It did not say within ${listMs / 1000} s what it has.`)
      late.abort(error)
      reject(error)
    })
    tooLate.catch(() => {})
    const working = work(late.signal)
    working.catch(() => {})
    try {
      return await Promise.race([working, tooLate])
    } finally {
      stopTimer()
    }
  }

  function keep(key: string, entry: Entry, size: number): void {
    if (entries.get(key) !== entry) return
    characters += size - entry.characters
    entry.characters = size
    for (const [oldest, { characters: freed }] of entries) {
      if (oldest === key || (entries.size <= mostKept && characters <= mostKeptCharacters)) break
      entries.delete(oldest)
      characters -= freed
    }
  }

  return {
    of(spec, open) {
      const key = digestOf(JSON.stringify(spec))
      const known = entries.get(key)
      if (known && clock.now() < known.until) return known.tools
      const entry = known ?? { tools: Promise.resolve([]), until: 0, characters: 0, digest: null }
      // Whoever comes meanwhile waits for the same answer.
      entry.until = clock.now() + keptMs
      entries.delete(key)
      entries.set(key, entry)
      entry.tools = load(key, entry, spec, open)
      return entry.tools
    },
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : ''
}
