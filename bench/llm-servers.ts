import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { startAiSdk, startPortkey } from './llm-peers.ts'
import { modelOf, type Script } from './llm-script.ts'
import { awaitOutput, type Started, start } from './processes.ts'
import { llmServerNames } from './results.ts'
import { type LlmHouse, startLlmHouse } from './servers/llm-house.ts'
import type { StreamForm } from './streams.ts'

/** Something that answers chats: by itself, or by asking the scripted model. */
export type LlmServer = {
  name: string
  port: number
  pid: number
  form: StreamForm
  /** Asks for a stream. */
  stream(script: Script): Uint8Array
  /** Asks for a whole answer, where there is one at once. */
  whole: ((script: Script) => Uint8Array) | undefined
}

export type NotMeasured = { server: string; why: string }

export type LlmServers = {
  servers: LlmServer[]
  notMeasured: NotMeasured[]
  /** Of the peers. */
  versions: string
} & AsyncDisposable

const chatPath = '/v1/chat/completions'

/** All of them, before one model in a process of its own. A peer that does not run is left out, and why. */
export async function startLlmServers(folder: string, scripts: readonly Script[]): Promise<LlmServers> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await using starting = new AsyncDisposableStack()
  const keep = <Any extends { stop(): Promise<void> }>(one: Any): Any => {
    starting.defer(one.stop)
    return one
  }
  const upstream = keep(await startProgram('llm-upstream', folder, []))
  const baseUrl = `http://127.0.0.1:${upstream.port}/v1`
  const pipe = keep(await startProgram('llm-proxy', folder, ['pipe', String(upstream.port)]))
  const parse = keep(await startProgram('llm-proxy', folder, ['parse', String(upstream.port)]))
  const house = keep(await startLlmHouse(join(folder, 'house'), baseUrl))
  const agents = await agentsOf(house, scripts)

  const servers: LlmServer[] = [
    openAiServer(llmServerNames.direct, upstream, {}),
    openAiServer(llmServerNames.pipe, pipe, {}),
    openAiServer(llmServerNames.parse, parse, {}),
    openAiServer(llmServerNames.model, house, { authorization: `Bearer ${house.key}` }, 'bench/'),
    {
      name: llmServerNames.agent,
      port: house.port,
      pid: house.pid,
      form: 'run',
      stream: script => runRequest(house, agents.get(modelOf(script)) ?? ''),
      whole: undefined,
    },
  ]
  const notMeasured: NotMeasured[] = []
  let versions = ''
  try {
    const sdk = keep(await startAiSdk(folder, baseUrl))
    versions = sdk.versions
    servers.push(
      { ...sdkServer(sdk, '/text'), name: llmServerNames.sdkText, form: 'text' },
      { ...sdkServer(sdk, '/'), name: llmServerNames.sdkEvents, form: 'ui' },
    )
  } catch (error) {
    const why = reasonOf(error)
    notMeasured.push({ server: llmServerNames.sdkText, why }, { server: llmServerNames.sdkEvents, why })
  }
  try {
    const portkey = keep(await startPortkey(folder))
    const headers = {
      authorization: 'Bearer none',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': baseUrl,
    }
    servers.push(openAiServer(llmServerNames.portkey, portkey, headers))
  } catch (error) {
    notMeasured.push({ server: llmServerNames.portkey, why: reasonOf(error) })
  }
  const started = starting.move()
  return { servers, notMeasured, versions, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

/** A program of `servers/` that says its port on a line of its own. */
export async function startProgram(
  program: 'llm-upstream' | 'llm-proxy',
  folder: string,
  args: readonly string[],
): Promise<Started & { port: number }> {
  const path = resolve(import.meta.dirname, `servers/${program}.ts`)
  const logFile = join(folder, `${[program, args[0] ?? ''].join('-')}.log`)
  const started = start({ command: process.execPath, args: [path, ...args], logFile })
  const port = Number(await awaitOutput(started, output => /^\d+$/m.exec(output)?.[0]))
  return { ...started, port }
}

/** A whole HTTP/1.1 request whose answer ends the connection. */
export function postOnce(path: string, headers: Readonly<Record<string, string>>, body: object): Uint8Array {
  const text = JSON.stringify(body)
  const lines = Object.entries({
    host: '127.0.0.1',
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
}

function openAiServer(
  name: string,
  { port, pid }: { port: number; pid: number },
  headers: Readonly<Record<string, string>>,
  prefix = '',
): LlmServer {
  const ask = (script: Script, stream: boolean) =>
    postOnce(chatPath, headers, { ...chatOf(script), model: prefix + modelOf(script), stream })
  return {
    name,
    port,
    pid,
    form: 'openai',
    stream: script => ask(script, true),
    whole: script => ask(script, false),
  }
}

function sdkServer(
  { port, pid }: { port: number; pid: number },
  path: string,
): Pick<LlmServer, 'port' | 'pid' | 'stream' | 'whole'> {
  return { port, pid, stream: script => postOnce(path, {}, chatOf(script)), whole: undefined }
}

function runRequest({ key }: LlmHouse, agentId: string): Uint8Array {
  const { messages } = chatOf({ chunks: 0, everyMs: 0 })
  return postOnce(
    `/api/v1/agents/${agentId}/runs`,
    { authorization: `Bearer ${key}` },
    { messages, stream: true },
  )
}

function chatOf(script: Script) {
  return { model: modelOf(script), messages: [{ role: 'user', content: 'Say some words.' }] }
}

async function agentsOf(house: LlmHouse, scripts: readonly Script[]): Promise<Map<string, string>> {
  const agents = new Map<string, string>()
  for (const model of new Set(scripts.map(modelOf))) agents.set(model, await house.agent(model))
  return agents
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error))
    .split('\n')
    .slice(0, 3)
    .join(' ')
    .slice(0, 400)
}
