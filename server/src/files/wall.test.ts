import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createIds } from '../kit/ids.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import type { FileTables } from './store.ts'

const ids = createIds()
const service: DatabaseCaller = { role: 'service', userId: null, credential: 'key' }

type Db = Kysely<FileTables>

async function open(t: TestContext) {
  const { database } = await openTestDatabase<FileTables>(t, { max: 2 })
  const [ann, ben] = [await newCaller(database.system), await newCaller(database.system)]
  await sql`insert into buckets (id, open_folders) values ('team', true)`.execute(database.system)
  await sql`insert into buckets (id) values ('docs')`.execute(database.system)
  /** Whether the statement of this caller changed a row; false too when row-level security refuses it. */
  const changes = (caller: DatabaseCaller, work: (db: Db) => Promise<{ numAffectedRows?: bigint }>) =>
    database
      .as(caller, async db => ((await work(db)).numAffectedRows ?? 0n) > 0n)
      .catch((error: Error & { code?: string }) => {
        if (error.code === '42501') return false
        throw error
      })
  return { database, ann, ben, changes }
}

const add = (bucket: string, name: string, owner: string | null) => (db: Db) =>
  sql`
    insert into objects (id, bucket_id, name, owner_id, version, size_bytes, content_type, cache_control, sha256)
    values (${ids.uuid()}, ${bucket}, ${name}, ${owner}, ${ids.uuid()}, 1, 'text/plain', 'no-cache', ${'0'.repeat(64)})`.execute(
    db,
  )

test('the database itself keeps each user in the folder of their own id, unless the bucket is open', async t => {
  const { ann, ben, changes } = await open(t)
  const places: [bucket: string, name: string, owner: string | null, allowed: boolean][] = [
    ['docs', `${ben.userId}/a`, ben.userId, true],
    ['docs', `${ben.userId}/b`, ann.userId, false],
    ['docs', `${ben.userId}/c`, null, false],
    ['docs', `${ann.userId}/a`, ben.userId, false],
    ['docs', `${ben.userId}`, ben.userId, false],
    ['docs', `${ben.userId}x/a`, ben.userId, false],
    ['docs', 'a', ben.userId, false],
    ['agent-logos', `${ben.userId}/a`, ben.userId, true],
    ['agent-logos', 'a', ben.userId, false],
    ['models', `${ben.userId}/a`, ben.userId, false],
    ['team', 'anywhere', ben.userId, true],
    ['team', 'for-ann', ann.userId, false],
  ]
  for (const [bucket, name, owner, allowed] of places) {
    assert.equal(await changes(ben, add(bucket, name, owner)), allowed, `${bucket}/${name}`)
    assert.equal(await changes(anonymousCaller, add(bucket, `${name}?`, owner)), false, `${bucket}/${name}`)
  }
})

test('what belongs to others is neither seen, changed, moved nor removed by SQL with the claims of a member', async t => {
  const { database, ann, ben, changes } = await open(t)
  const mine = `${ann.userId}/a`
  for (const [bucket, name] of [
    ['docs', mine],
    ['models', mine],
    ['agent-logos', mine],
    ['team', 'of-ann'],
  ] as const)
    assert.ok(await changes(service, add(bucket, name, ann.userId)))
  const seen = async (caller: DatabaseCaller) => {
    const { rows } = await database.as(caller, db =>
      sql<{ place: string }>`select bucket_id as place from objects order by 1`.execute(db),
    )
    return rows.map(({ place }) => place)
  }
  assert.deepEqual(await seen(anonymousCaller), ['agent-logos'])
  assert.deepEqual(await seen(ben), ['agent-logos', 'team'])
  assert.deepEqual(await seen(ann), ['agent-logos', 'docs', 'team'])
  assert.deepEqual(await seen(service), ['agent-logos', 'docs', 'models', 'team'])
  for (const stranger of [ben, anonymousCaller]) {
    assert.equal(
      await changes(stranger, db => sql`update objects set sha256 = ${'1'.repeat(64)}`.execute(db)),
      false,
    )
    const stolen = `${ben.userId}/stolen`
    assert.equal(await changes(stranger, db => sql`update objects set name = ${stolen}`.execute(db)), false)
    assert.equal(await changes(stranger, db => sql`delete from objects`.execute(db)), false)
    assert.equal(await changes(stranger, db => sql`update buckets set public = true`.execute(db)), false)
    assert.equal(await changes(stranger, db => sql`delete from buckets`.execute(db)), false)
    assert.equal(
      await changes(stranger, db => sql`insert into buckets (id) values ('new')`.execute(db)),
      false,
    )
  }
  // An owner does not move what is theirs to where they may not write.
  for (const place of [sql`name = ${`${ben.userId}/gift`}`, sql`bucket_id = 'models'`, sql`name = 'top'`])
    assert.equal(
      await changes(ann, db => sql`update objects set ${place} where bucket_id = 'docs'`.execute(db)),
      false,
    )
  assert.ok(await changes(ann, db => sql`delete from objects where bucket_id = 'docs'`.execute(db)))
})
