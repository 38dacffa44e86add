import { openAsBlob } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Client, createClient } from '@roundhouse/sdk'
import { givesMemoryBack, nodeFlags } from '../../scripts/run.mjs'
import { awaitOutput, type Started, start } from '../processes.ts'

export type Roundhouse = {
  port: number
  pid: number
  key: string
  client: Client
  /** Uploads a model and waits until it is warm; the id of its version. */
  push(path: string, name: string): Promise<string>
  stop(): Promise<void>
}

/** The compiled command, as `npm start` runs it. */
export const command = [...nodeFlags, resolve(import.meta.dirname, '../../server/dist/cli/main.js'), 'start']

/** With its embedded Postgres, in a folder of its own. `env` on top of the defaults; the limit lets the 300 MB model in. */
export async function startRoundhouse(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Roundhouse> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  // The start before has said its port there.
  await rm(join(folder, 'log'), { force: true })
  const server = start({
    command: process.execPath,
    args: command,
    env: {
      ...givesMemoryBack,
      DATA_DIR: join(folder, 'data'),
      PORT: '0',
      MAX_MODEL_SIZE_BYTES: '400000000',
      ...env,
    },
    logFile: join(folder, 'log'),
  })
  const listening = /"url":"http:[^"]*:(\d+)"[^\n]*"event":"server-start"/
  const port = Number(await awaitOutput(server, output => listening.exec(output)?.[1]))
  return connectTo(server, port, join(folder, 'data'))
}

async function connectTo(server: Started, port: number, dataDir: string): Promise<Roundhouse> {
  const key = (await readFile(join(dataDir, 'service-role-key'), 'utf8')).trim()
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, token: key, timeoutMs: 120_000 })
  return {
    port,
    pid: server.pid,
    key,
    client,
    push: async (path, name) => (await client.models.push(await openAsBlob(path), { name })).id,
    stop: server.stop,
  }
}
