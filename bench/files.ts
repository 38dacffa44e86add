import { createHash, hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { shuffled, untilQuiet } from './cells.ts'
import { measureFileMemory } from './file-memory.ts'
import { type FileServer, startFileServers } from './file-servers.ts'
import type { Generator } from './generator.ts'
import { measureLinkChecks } from './link-checks.ts'
import { cpuSecondsOf } from './proc.ts'
import { type FileRow, type Files, fileServerNames, median } from './results.ts'
import { contentOf } from './transfer.ts'

const sizeBytes = 100e6

type Target = {
  way: FileRow['way']
  server: FileServer
  name: string
  request: string
  /** One after the other in a round. */
  count: number
}

/** Large files out and in, the memory of many at once, and what a signed link costs. */
export async function measureFiles(bench: Bench, generator: Generator): Promise<Files> {
  const links = measureLinkChecks(bench)
  const hashCpuSeconds = secondsOfHashing()
  const transfers = await measureTransfers(bench, generator)
  const memory = await measureFileMemory(bench, generator)
  return { sizeBytes, ...transfers, hashCpuSeconds, memory, links }
}

async function measureTransfers(
  bench: Bench,
  generator: Generator,
): Promise<Pick<Files, 'rounds' | 'rows' | 'checked'>> {
  await using servers = await startFileServers(join(bench.folder, 'files'))
  const { house, plain } = servers
  const down = { way: 'download', count: bench.quick ? 3 : 10 } as const
  const up = { way: 'upload', count: bench.quick ? 2 : 3 } as const
  const stored = (server: FileServer) => `POST ${server.upload('file')}`
  const targets: Target[] = [
    { ...up, server: house, name: house.name, request: stored(house) },
    { ...up, server: plain, name: plain.name, request: stored(plain) },
    { ...up, server: plain, name: fileServerNames.unsynced, request: `${stored(plain)}?unsynced` },
    { ...down, server: house, name: house.name, request: `GET ${house.download('file')}` },
    { ...down, server: plain, name: plain.name, request: `GET ${plain.download('file')}` },
  ]

  async function move(target: Target, count: number, hashed = false) {
    const { way, request } = target
    const { port, credential } = target.server
    const sendBytes = way === 'upload' ? sizeBytes : 0
    const report = await generator.transfer({
      port,
      credential,
      request,
      sendBytes,
      connections: 1,
      count,
      hashed,
    })
    const short = way === 'download' && report.receivedBytes !== sizeBytes * count
    return { ...report, failed: report.failed + (short ? 1 : 0) }
  }

  bench.say('files: warming up the servers')
  const plan = targets.map(target => ({ target, rates: [] as number[], cpu: [] as number[], failed: 0 }))
  for (const item of plan) item.failed += (await move(item.target, 2)).failed

  const rounds = bench.quick ? 3 : 9
  for (let round = 1; round <= rounds; round++) {
    bench.say(`files: round ${round}/${rounds}`)
    for (const item of shuffled(plan)) {
      const { count, server } = item.target
      const before = cpuSecondsOf(server.pid)
      const { seconds, failed } = await move(item.target, count)
      // What it left in memory would be written during the next.
      if (item.target.name === fileServerNames.unsynced) await sync(join(plain.folder, 'file'))
      await untilQuiet(server.pid)
      item.cpu.push((cpuSecondsOf(server.pid) - before) / count)
      item.rates.push((sizeBytes * count) / seconds)
      item.failed += failed
    }
  }

  const sha256 = hash('sha256', contentOf(sizeBytes))
  let checked = 0
  for (const item of plan.filter(({ target }) => target.way === 'download')) {
    const report = await move(item.target, 1, true)
    if (report.sha256 === sha256) checked++
    else item.failed++
  }
  const rows = plan.map(({ target: { way, name }, rates, cpu, failed }) => ({
    way,
    server: name,
    bytesPerSecond: rates,
    cpuSeconds: median(cpu),
    failed,
  }))
  return { rounds, rows, checked }
}

async function sync(path: string): Promise<void> {
  const file = await open(path)
  await file.sync().finally(() => file.close())
}

/** What SHA-256 alone costs of the same bytes, in pieces as the network brings them. */
function secondsOfHashing(): number {
  const piece = contentOf(65_536)
  const before = process.cpuUsage()
  const sum = createHash('sha256')
  for (let done = 0; done < sizeBytes; done += piece.length) sum.update(piece)
  sum.digest()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
