import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../adapters/postgres/embedded.ts'
import { silentLog } from '../kit/log.ts'

// A program: prints the addresses of a throw-away cluster as one line, and ends with its input.

/** Only here: what a power cut would lose is thrown away anyway. */
const fastSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
}

const dataDir = await mkdtemp(join(tmpdir(), 'rh-test-'))
// Ctrl-C reaches the whole process group; the end of the input is what counts.
process.on('SIGINT', () => {})
const postgres = await startEmbeddedPostgres({
  dataDir,
  log: { ...silentLog, error: console.error },
  settings: fastSettings,
})
console.log(JSON.stringify({ adminUrl: postgres.adminUrl, appUrl: postgres.appUrl }))
process.stdin.resume()
process.stdin.once('close', async () => {
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
  process.exit(0)
})
