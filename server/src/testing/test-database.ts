import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { installedText, installQueue } from '../adapters/pg-boss/install.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { silentLog } from '../kit/log.ts'
import { sibling } from '../kit/sibling.ts'
import { defer, type Scope } from './defer.ts'

/** Holds the addresses of the cluster that all test processes of a run share. */
const variable = 'ROUNDHOUSE_TEST_POSTGRES'
const productMigrations = fileURLToPath(new URL('../../migrations', import.meta.url))

export type TestDatabase = {
  /** The owner, a superuser. */
  readonly adminUrl: string
  /** The least-privilege role the product runs as. */
  readonly appUrl: string
  drop(): Promise<void>
}

type Addresses = { adminUrl: string; appUrl: string }

/**
 * A fresh, migrated database for a test file: a clone of a template that the first caller of the run makes.
 * Given a scope it is dropped when that ends. Without a shared cluster this process
 * starts its own, which goes when the process ends, however it ends.
 */
export async function testDatabase(
  scope?: Scope,
  migrations: string = productMigrations,
): Promise<TestDatabase> {
  const cluster = await findCluster()
  const template = await ensureTemplate(cluster, migrations)
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(cluster, async client => {
    await client.query(`create database ${name} template ${template}`)
    await client.query(`revoke all on database ${name} from public`)
    await client.query(`grant connect on database ${name} to roundhouse_app`)
  })
  let dropped: Promise<void> | undefined
  function drop(): Promise<void> {
    dropped ??= administer(cluster, async client => {
      await client.query(`drop database if exists ${name} with (force)`)
    })
    return dropped
  }
  if (scope) defer(scope, drop)
  return { adminUrl: withDatabase(cluster.adminUrl, name), appUrl: withDatabase(cluster.appUrl, name), drop }
}

/** Starts the cluster of a test run. `env` is for the test processes. It also goes when this process is killed. */
export async function startTestPostgres(): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const { addresses, child } = await startCluster()
  return {
    env: { [variable]: JSON.stringify(addresses) },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.ref()
      const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
      child.stdin?.end()
      await exited
    },
  }
}

let ownCluster: Promise<Addresses> | undefined

function findCluster(): Promise<Addresses> {
  const shared = process.env[variable]
  if (shared) return Promise.resolve(readAddresses(shared))
  ownCluster ??= startCluster().then(({ addresses }) => addresses)
  return ownCluster
}

/** The cluster's owner is a process of its own that ends with our end of its input, even after SIGKILL. */
async function startCluster(): Promise<{ addresses: Addresses; child: ChildProcess }> {
  const script = fileURLToPath(sibling(import.meta.url, 'test-postgres'))
  const child = spawn(process.execPath, ['--conditions=roundhouse-source', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`The database for tests did not start (exit ${code}).`)))
  })
  lines.close()
  child.unref()
  for (const stream of [child.stdin, child.stdout])
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  return { addresses: readAddresses(line), child }
}

function readAddresses(text: string): Addresses {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value && 'adminUrl' in value && 'appUrl' in value) {
    const { adminUrl, appUrl } = value
    if (typeof adminUrl === 'string' && typeof appUrl === 'string') return { adminUrl, appUrl }
  }
  throw new Error(`${variable} must hold what startTestPostgres() gave.`)
}

const templates = new Map<string, Promise<string>>()

function ensureTemplate(cluster: Addresses, migrations: string): Promise<string> {
  const known = templates.get(migrations)
  if (known) return known
  const template = createTemplate(cluster, migrations)
  templates.set(migrations, template)
  return template
}

/** Named by the text of its migrations and of the queue; whoever comes first makes it, the others wait at the lock. */
async function createTemplate(cluster: Addresses, migrations: string): Promise<string> {
  const hash = createHash('sha256').update(installedText())
  for (const name of (await readdir(migrations)).sort()) {
    if (name.endsWith('.sql')) hash.update(`${name}\n`).update(await readFile(join(migrations, name)))
  }
  const name = `template_${hash.digest('hex').slice(0, 16)}`
  await administer(cluster, async client => {
    await client.query('select pg_advisory_lock(1)')
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount) return
    await client.query(`drop database if exists ${name}_new with (force)`)
    await client.query(`create database ${name}_new`)
    await migrate({
      url: withDatabase(cluster.adminUrl, `${name}_new`),
      folder: migrations,
      install: installQueue,
      log: silentLog,
    })
    await client.query(`alter database ${name}_new rename to ${name}`)
  })
  return name
}

async function administer(cluster: Addresses, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(cluster.adminUrl, 'postgres') })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, database: string): string {
  return url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`)
}
