import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { chooseAccount } from '../adapters/postgres/embedded/account.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { silentLog } from '../kit/log.ts'
import { installer } from '../start/install.ts'
import { migrationsFolder } from '../start/paths.ts'
import { defer, type Scope } from './defer.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/**
 * A wheel with PostgreSQL 16 and pgvector in it: Debian 12 has no package of the extension. It is unpacked where every
 * user can read it, for PostgreSQL does not run as root.
 */
export const pgvectorWheel = {
  package: 'pgserver==0.1.4',
  sha256: 'd595789b47624a3d963aa9aa6359da9be31beb7e61f1a45541953242068b8813',
  folder: '/var/tmp/roundhouse-pgvector-0.1.4',
}

/** The folder with the programs of a PostgreSQL that has pgvector. */
export function pgvectorPrograms(): string | undefined {
  const places = [
    join(pgvectorWheel.folder, 'pgserver/pginstall/bin'),
    ...globSync('/usr/lib/postgresql/*/bin'),
  ]
  return places.find(place => {
    if (!existsSync(join(place, 'postgres'))) return false
    const shared = spawnSync(join(place, 'pg_config'), ['--sharedir'], { encoding: 'utf8' }).stdout?.trim()
    return Boolean(shared) && existsSync(join(shared ?? '', 'extension/vector.control'))
  })
}

/** A cluster with pgvector, migrated; ended when the scope ends. Only where `pgvectorPrograms` found one. */
export async function startPgvector(scope: Scope): Promise<{ adminUrl: string; appUrl: string }> {
  const programs = pgvectorPrograms()
  if (programs === undefined) throw new Error('There is no PostgreSQL with pgvector here.')
  const account = await chooseAccount(undefined, undefined)
  const user = account ? { uid: account.uid, gid: account.gid } : {}
  const folder = mkdtempSync(join(tmpdir(), 'rh-test-'))
  defer(scope, async () => rmSync(folder, { recursive: true, force: true }))
  if (account) chownSync(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  const made = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'owner', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
    { ...user, cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    'fsync=off',
  ]
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap(each => ['-c', each])], {
    ...user,
    cwd: folder,
    stdio: 'ignore',
  })
  const exited = once(server, 'exit')
  defer(scope, async () => {
    server.kill('SIGINT')
    await exited
  })
  const url = (role: string) => `postgres://${role}@127.0.0.1:${port}/postgres`
  await until(() => answers(url('owner')), 'a PostgreSQL with pgvector answers')
  const options = {
    url: url('owner'),
    folder: migrationsFolder,
    install: installer(silentLog),
    log: silentLog,
  }
  await migrate(options)
  await asOwner(url('owner'), 'alter role roundhouse_app login')
  return { adminUrl: url('owner'), appUrl: url('roundhouse_app') }
}

async function answers(url: string): Promise<boolean> {
  return asOwner(url, 'select 1').then(
    () => true,
    () => false,
  )
}

async function asOwner(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
