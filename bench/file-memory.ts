import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type FileServer, startFileServers } from './file-servers.ts'
import type { Generator } from './generator.ts'
import { residentBytesOf } from './proc.ts'
import type { FileMemory } from './results.ts'

const sizeBytes = 20e6
const connections = 50
const sampleEveryMs = 50

/** Resident memory of servers that have only just started: at rest, and while many files go out, then in, at once. */
export async function measureFileMemory(bench: Bench, generator: Generator): Promise<FileMemory> {
  await using servers = await startFileServers(join(bench.folder, 'file-memory'))
  const rows: FileMemory['rows'] = []
  for (const server of [servers.house, servers.plain]) rows.push(await watch(bench, generator, server))
  return { sizeBytes, connections, rows }
}

async function watch(
  bench: Bench,
  generator: Generator,
  server: FileServer,
): Promise<FileMemory['rows'][number]> {
  const { name, pid, port, credential, download, upload } = server
  let failed = 0
  const move = async (request: string, sendBytes: number, connections: number): Promise<void> => {
    const order = { port, credential, request, sendBytes, connections, count: 1, hashed: false }
    const report = await generator.transfer(order)
    failed += report.failed
    if (sendBytes === 0 && report.receivedBytes !== sizeBytes * connections) failed++
  }
  bench.say(`files: memory of ${name}`)
  await move(`POST ${upload('first')}`, sizeBytes, 1)
  await move(`GET ${download('first')}`, 0, 1)
  await rest()
  const beforeBytes = residentBytesOf(pid)
  const downloadPeakBytes = await peakDuring(pid, move(`GET ${download('first')}`, 0, connections))
  await rest()
  const uploadPeakBytes = await peakDuring(pid, move(`POST ${upload('file-*')}`, sizeBytes, connections))
  await rest()
  return {
    server: name,
    beforeBytes,
    downloadPeakBytes,
    uploadPeakBytes,
    afterBytes: residentBytesOf(pid),
    failed,
  }

  async function rest(): Promise<void> {
    await delay(bench.quick ? 1000 : 3000)
  }
}

async function peakDuring(pid: number, work: Promise<void>): Promise<number> {
  let peakBytes = 0
  const sample = () => {
    peakBytes = Math.max(peakBytes, residentBytesOf(pid))
  }
  const sampling = setInterval(sample, sampleEveryMs)
  await work.finally(() => clearInterval(sampling))
  sample()
  return peakBytes
}
