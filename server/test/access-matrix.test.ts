import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { type AccessFixture, accessFixture, type Who } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { type Kind, matrix, type Row } from './access-matrix.ts'
import { trueStatus } from './operations.ts'

const everyone = {
  owner: 'in',
  other: 'in',
  admin: 'in',
  service: 'in',
  anonymous: 'in',
  wrongScope: 'in',
  adminWrongScope: 'in',
} as const

/** The status each caller must meet. `in`: not kept out for who they are, whatever else the answer is. */
const expected: Record<Kind, Record<Who, 'in' | number>> = {
  open: everyone,
  entrance: everyone,
  signedIn: {
    owner: 'in',
    other: 'in',
    admin: 'in',
    service: 'in',
    anonymous: 401,
    wrongScope: 403,
    adminWrongScope: 403,
  },
  owned: {
    owner: 'in',
    other: 404,
    admin: 'in',
    service: 'in',
    anonymous: 401,
    wrongScope: 403,
    adminWrongScope: 403,
  },
  admin: {
    owner: 403,
    other: 403,
    admin: 'in',
    service: 'in',
    anonymous: 401,
    wrongScope: 403,
    adminWrongScope: 403,
  },
}
/** Those that are refused come first: they must not meet what a rightful caller has changed. */
const callers: Who[] = ['anonymous', 'wrongScope', 'adminWrongScope', 'other', 'service', 'admin', 'owner']

async function operationsOf(fixture: AccessFixture): Promise<string[]> {
  const document = (await (await fixture.house.anonymous('/openapi.json')).json()) as {
    paths: Record<string, Record<string, unknown>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
}

/** What is wrong, one line per caller. */
async function judge(
  fixture: AccessFixture,
  operation: string,
  row: Row,
  asking: readonly Who[],
): Promise<string[]> {
  const wrong: string[] = []
  for (const who of asking) {
    const { path, init } = await row.call(fixture)
    const kept = row.except?.[who]
    const rule = expected[row.kind][who]
    // What an exception lets in may change something.
    const isRefused = kept ? kept.every(status => status >= 400) : rule !== 'in'
    const before = isRefused ? await fixture.fingerprint() : ''
    const reply = await fixture.ask(who, path, init)
    const isStream = row.isEndless && reply.ok
    const text = isStream ? '' : await reply.text()
    if (isStream) await reply.body?.cancel()
    const status = trueStatus(path, reply.status, text)
    const isRight = kept
      ? kept.includes(status)
      : rule === 'in'
        ? row.kind === 'entrance' || ![401, 403, 404].includes(status)
        : status === rule
    if (!isRight || reply.status >= 500)
      wrong.push(`${operation}: ${who} got ${reply.status} ${text.slice(0, 160)}`)
    if (isRefused && before !== (await fixture.fingerprint()))
      wrong.push(`${operation}: ${who} changed something`)
  }
  return wrong
}

async function judgeAll(fixture: AccessFixture, asking: readonly Who[]): Promise<string[]> {
  const wrong: string[] = []
  for (const [operation, row] of Object.entries(matrix))
    wrong.push(...(await judge(fixture, operation, row, asking)))
  const { rows } = await sql<{ user_id: string }>`
    select distinct user_id from predictions where user_id is not null`.execute(
    fixture.house.ground.database.system,
  )
  const [owner, admin] = [fixture.owner.id, fixture.admin.id]
  const others = rows.filter(({ user_id }) => user_id !== owner && user_id !== admin)
  return [...wrong, ...others.map(({ user_id }) => `a prediction of ${user_id}`)]
}

test('every route stands in the access matrix, and nothing else does', async t => {
  const fixture = await accessFixture(await testHouse(t))
  assert.deepEqual((await operationsOf(fixture)).sort(), Object.keys(matrix).sort())
})

test('every route answers owner, other users, administrators, strangers and keys of another scope as the matrix says', async t => {
  assert.deepEqual(await judgeAll(await accessFixture(await testHouse(t)), callers), [])
})

/** The others are let in, or kept out before any row is asked for. */
const strangers: Who[] = ['anonymous', 'other']

test('who is no owner is kept out also where the database has lost its row-level security', async t => {
  const { adminUrl, appUrl } = await testDatabase(t)
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  const { rows } = await client.query<{ relname: string }>(
    `select relname from pg_class where relrowsecurity and relnamespace = 'roundhouse'::regnamespace`,
  )
  assert(rows.length > 5)
  for (const { relname } of rows)
    await client.query(`alter table roundhouse.${relname} disable row level security`)
  await client.end()
  const share = { databaseUrl: appUrl, dataDir: await temporaryFolder(t) }
  assert.deepEqual(await judgeAll(await accessFixture(await testHouse(t, {}, { share })), strangers), [])
})

test('no table is left without row-level security, and without claims every one is empty', async t => {
  const fixture = await accessFixture(await testHouse(t))
  const { nobody, system } = fixture.house.ground.database
  await fixture.ownSession()
  await fixture.invitation()
  await fixture.secret()
  const { rows } = await sql<{ name: string; walled: boolean }>`
    select relname as name, relrowsecurity as walled from pg_class
    where relnamespace = 'roundhouse'::regnamespace and relkind = 'r' and relname <> 'roundhouse_migrations'`.execute(
    system,
  )
  assert(rows.length > 10)
  assert.deepEqual(
    rows.filter(row => !row.walled).map(row => row.name),
    [],
  )
  let filled = 0
  for (const { name } of rows) {
    const count = async (db: typeof nobody) =>
      Number((await sql<{ n: string }>`select count(*) as n from ${sql.table(name)}`.execute(db)).rows[0]?.n)
    filled += Number((await count(system)) > 0)
    assert.equal(await count(nobody), 0, name)
  }
  assert(filled > 6, 'the tables hold rows to hide')
})
