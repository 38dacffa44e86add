import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Model } from '@roundhouse/sdk/contract'
import { defer, type Scope } from '../src/testing/defer.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { type Environment, spawnCommand } from './command.ts'
import { endOrphan, signal } from './processes.ts'

export type LogLine = Record<string, unknown> & { event: string }

export type Reply = { status: number; headers: Headers; body: Record<string, unknown> }

/** `roundhouse start` in a process of its own. */
export type Server = {
  /** With the address, not the name localhost. */
  readonly url: string
  readonly port: number
  readonly key: string
  readonly dataDir: string
  readonly pid: number
  /** From the start of the process to its ready line. */
  readonly startMs: number
  /** What it wrote so far, line by line. */
  lines(): string[]
  stderr(): string
  /** Its log lines so far; `event` chooses. */
  log(event?: string): LogLine[]
  /** With the key, unless `init` has an authorization of its own. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sends JSON (a GET without it) and reads JSON. */
  call(method: string, path: string, body?: unknown): Promise<Reply>
  /** One-call upload that must succeed. */
  push(name: string, file: Uint8Array, fields?: Record<string, string>): Promise<Model>
  predict(modelId: string, inputData: unknown, more?: Record<string, unknown>): Promise<Reply>
  /** SIGTERM; the process must exit 0. Gives how long it took. */
  stop(): Promise<number>
  /** SIGKILL; its database lives on. */
  kill(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** The exit code, null when a signal ended it. */
  exited: Promise<number | null>
}

export type ServerOptions = {
  env?: Environment
  /** A folder of its own when absent. */
  dataDir?: string
  args?: readonly string[]
  /** Another way to the command than the sources. */
  from?: readonly string[]
  cwd?: string
}

/**
 * Starts the command on a free loopback port and waits until it is ready. When the scope ends nothing of it is left,
 * the database of a killed server included.
 */
export async function startServer(scope: Scope, options: ServerOptions = {}): Promise<Server> {
  const dataDir = options.dataDir ?? (await temporaryFolder(scope))
  const startedAt = performance.now()
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, ...options.env }
  const child = spawnCommand(['start', ...(options.args ?? [])], {
    env,
    from: options.from,
    cwd: options.cwd,
  })
  /** Of the server itself, which may have been started through another process. */
  let pid = child.pid
  const lines: string[] = []
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  defer(scope, async () => {
    if (child.exitCode === null && child.signalCode === null) {
      if (pid !== undefined) signal(pid, 'SIGKILL')
      child.kill('SIGKILL')
    }
    await exited
    await endOrphan(dataDir)
  })

  function log(event?: string): LogLine[] {
    const all = lines.flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []))
    return event === undefined ? all : all.filter(line => line.event === event)
  }

  const reader = createInterface({ input: child.stdout })
  const started = await new Promise<LogLine>((resolve, reject) => {
    reader.on('line', line => {
      lines.push(line)
      if (line.includes('"server-start"')) resolve(JSON.parse(line) as LogLine)
    })
    child.once('error', reject)
    void exited.then(code =>
      reject(new Error(`roundhouse start ended with ${code}:\n${lines.join('\n')}\n${stderr}`)),
    )
  })
  const serverPid = Number(started.pid)
  pid = serverPid
  const startMs = performance.now() - startedAt
  const port = Number(new URL(String(started.url)).port)
  const url = `http://127.0.0.1:${port}`
  const key =
    options.env?.SERVICE_ROLE_KEY ?? (await readFile(join(dataDir, 'service-role-key'), 'utf8')).trim()

  function call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${key}`)
    return fetch(`${url}${path}`, { signal: AbortSignal.timeout(30_000), ...init, headers })
  }

  async function json(method: string, path: string, body?: unknown): Promise<Reply> {
    const content =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await call(path, { method, ...content })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
  }

  return {
    url,
    port,
    key,
    dataDir,
    pid: serverPid,
    startMs,
    exited,
    log,
    lines: () => [...lines],
    stderr: () => stderr,
    fetch: call,
    call: json,
    async push(name, file, fields = {}) {
      const response = await call('/api/v1/models', { method: 'POST', body: uploadForm(name, file, fields) })
      const text = await response.text()
      assert.equal(response.status, 201, text)
      return JSON.parse(text) as Model
    },
    predict: (id, inputData, more = {}) =>
      json('POST', `/api/v1/models/${id}/predict`, { input_data: inputData, ...more }),
    async stop() {
      const from = performance.now()
      signal(serverPid, 'SIGTERM')
      assert.equal(await exited, 0, `the exit code; it wrote:\n${lines.slice(-20).join('\n')}\n${stderr}`)
      return performance.now() - from
    },
    async kill() {
      const gone = once(child, 'exit')
      signal(serverPid, 'SIGKILL')
      await gone
    },
    signal: name => void signal(serverPid, name),
  }
}

/** The form of a one-call upload. */
export function uploadForm(name: string, file: Uint8Array, fields: Record<string, string> = {}): FormData {
  const form = new FormData()
  form.set('name', name)
  for (const [field, value] of Object.entries(fields)) form.set(field, value)
  form.set('file', new Blob([new Uint8Array(file)]), 'model.onnx')
  return form
}
