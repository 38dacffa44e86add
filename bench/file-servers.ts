import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { awaitOutput, start } from './processes.ts'
import { fileServerNames } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'

/** Where a server is asked for the bytes of a file, and given them. */
export type FileServer = {
  name: string
  port: number
  pid: number
  credential: string
  download(file: string): string
  upload(file: string): string
}

/** Ours with a private bucket in its folder store, and Node's streams, side by side in folders of one disk. */
export async function startFileServers(
  folder: string,
): Promise<{ house: FileServer; plain: FileServer & { folder: string } } & AsyncDisposable> {
  await using starting = new AsyncDisposableStack()
  const house = await startRoundhouse(folder)
  starting.defer(house.stop)
  await house.client.files.buckets.create({ name: 'bench' })
  const plain = await startPlain(join(folder, 'plain'))
  starting.defer(plain.stop)
  const started = starting.move()
  return {
    house: {
      name: fileServerNames.house,
      port: house.port,
      pid: house.pid,
      credential: house.key,
      download: file => `/storage/v1/object/authenticated/bench/${file}`,
      upload: file => `/storage/v1/object/bench/${file}`,
    },
    plain,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function startPlain(folder: string): Promise<FileServer & { folder: string; stop(): Promise<void> }> {
  await mkdir(folder)
  const started = start({
    command: process.execPath,
    args: [resolve(import.meta.dirname, 'servers/plain-files.ts'), folder],
    logFile: `${folder}.log`,
  })
  const port = Number(await awaitOutput(started, output => /^\d+$/m.exec(output)?.[0]))
  const at = (file: string) => `/${file}`
  const { pid, stop } = started
  return {
    name: fileServerNames.plain,
    port,
    pid,
    folder,
    stop,
    credential: 'none',
    download: at,
    upload: at,
  }
}
