import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CompiledQuery, type Kysely, type KyselyPlugin, type RootOperationNode, sql } from 'kysely'
import pg from 'pg'
import { openDatabase } from '../../adapters/postgres/database.ts'
import { silentLog } from '../../kit/log.ts'
import type { Database, DatabaseCaller } from '../../ports/database.ts'
import { newCaller } from '../../testing/callers.ts'
import { defer } from '../../testing/defer.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import type { FileTables } from '../store.ts'
import { createListing, type FolderQuery, type PageQuery } from './listing.ts'

const file = { after }
const { adminUrl, appUrl, database } = await openTestDatabase<FileTables>(file, { max: 2 })
const loading = openDatabase<FileTables>({
  url: appUrl,
  applicationName: 'listing-load',
  max: 1,
  systemMax: 1,
  log: silentLog,
  timeouts: { connectMs: 5000, queryMs: 120_000, statementMs: 120_000, lockMs: 5000 },
})
defer(file, loading.close)
// Only the owner of a table may say when its statistics are taken.
const owner = new pg.Client({ connectionString: adminUrl })
await owner.connect()
defer(file, () => owner.end())
const [ann, ben] = [await newCaller(database.system), await newCaller(database.system)]
const admin = await newCaller(database.system, 'admin')
await sql`insert into buckets (id) values ('large'), ('small')`.execute(database.system)

/** What the lists of one call did, in rows of `objects` and in pages of the database. */
type Work = { rows: number; pages: number }
let work: Work = { rows: 0, pages: 0 }
const listing = createListing({ database: watched(database) })
const unwatched = createListing({ database })

/** Objects whose names are those that the SQL gives for `n` of 0 to `count`; all of one moment, or a second apart. */
async function insert(bucket: string, count: number, name: string, apart = '0'): Promise<void> {
  await sql`
    insert into objects (id, bucket_id, name, owner_id, version, size_bytes, content_type, cache_control, sha256,
      created_at, updated_at)
    select gen_random_uuid(), ${bucket}, ${sql.raw(name)}, ${ann.userId}, gen_random_uuid(), 1, 'text/plain',
      'no-cache', repeat('0', 64), moment, moment
    from generate_series(0, ${count - 1}::integer) n,
      lateral (select timestamptz '2026-11-21' + n * interval '${sql.raw(apart)} seconds' as moment) as moments`.execute(
    loading.system,
  )
}

const folderQuery = { prefix: '', search: '', column: 'name', order: 'asc', offset: 0, limit: 100 } as const
const pageQuery = { prefix: '', folders: false, column: 'name', order: 'asc', limit: 100 } as const

async function folder(caller: DatabaseCaller, bucket: string, query: Partial<FolderQuery>, by = listing) {
  const entries = await by.folder(caller, bucket, { ...folderQuery, ...query })
  return entries.map(({ name }) => name)
}

async function pages(caller: DatabaseCaller, bucket: string, query: Partial<PageQuery>): Promise<string[][]> {
  const found: string[][] = []
  for (let cursor: string | undefined; ; ) {
    const page = await unwatched.page(caller, bucket, { ...pageQuery, ...query, cursor })
    found.push(page.entries.map(({ name }) => name))
    if (page.nextCursor === null) return found
    cursor = page.nextCursor
  }
}

test('in a bucket of 100,000 objects every page costs what it shows, whatever else lies there', async () => {
  await owner.query('alter table roundhouse.objects set (autovacuum_enabled = false)')
  // Of one moment and of one owner, half in one folder and half in a folder each.
  await insert('large', 50_000, `'${ann.userId}/flat/' || lpad(n::text, 6, '0')`)
  await insert('large', 50_000, `'${ann.userId}/many/' || lpad(n::text, 6, '0') || '/deep/x.txt'`)
  const flat = `${ann.userId}/flat`
  const many = `${ann.userId}/many`
  const orders = [
    { column: 'name', order: 'asc' },
    { column: 'created_at', order: 'desc' },
    { column: 'name', order: 'desc' },
    { column: 'updated_at', order: 'asc' },
  ] as const
  for (const [statistics, caller, tried] of [
    ['no', ann, orders.slice(0, 2)],
    ['fresh', ann, orders],
    ['fresh', admin, orders.slice(0, 2)],
  ] as const) {
    if (statistics === 'fresh') await owner.query('analyze roundhouse.objects')
    for (const order of tried) {
      const what = `${caller.role}, ${order.column} ${order.order}, ${statistics} statistics`
      assert.equal((await folder(caller, 'large', { ...order })).length, 1, what)
      cheap(`the top, ${what}`)
      for (const prefix of [flat, many]) {
        assert.equal((await folder(caller, 'large', { ...order, prefix })).length, 100)
        cheap(`a folder, ${prefix}, ${what}`)
        const late = await folder(caller, 'large', { ...order, prefix, offset: 1000, search: '0' })
        assert.equal(late.length, 100)
        cheap(`a search with an offset, ${prefix}, ${what}`, 1100)
      }
      for (const query of [
        { folders: false },
        { folders: true },
        { folders: false, prefix: `${many}/` },
        { folders: true, prefix: `${flat}/` },
        { folders: true, prefix: `${many}/` },
        { folders: true, prefix: `${many}/02` },
      ]) {
        // All of a folder by time can be read in two ways, and only statistics tell which is the shorter one.
        if (statistics === 'no' && !query.folders && order.column !== 'name') continue
        let cursor: string | undefined
        for (const page of [1, 2]) {
          const { entries, nextCursor } = await listing.page(caller, 'large', {
            ...pageQuery,
            ...order,
            ...query,
            cursor,
          })
          cheap(`page ${page} of ${JSON.stringify(query)}, ${what}`)
          assert.equal(entries.length, nextCursor === null ? 1 : 100)
          if (nextCursor === null) break
          cursor = nextCursor
        }
      }
    }
  }
  assert.deepEqual(await folder(ben, 'large', {}), [])
  cheap('of someone else')
})

test('the last pages of a large folder are there too', async () => {
  const last = Array.from({ length: 100 }, (_, n) => String(49_900 + n).padStart(6, '0'))
  const below = (prefix: string, offset: number) => folder(ann, 'large', { prefix, offset }, unwatched)
  const [flat, many] = [`${ann.userId}/flat`, `${ann.userId}/many`]
  assert.deepEqual(
    await below(flat, 49_900),
    last.map(name => `${flat}/${name}`),
  )
  assert.deepEqual(
    await below(many, 49_900),
    last.map(name => `${many}/${name}/`),
  )
  assert.deepEqual(await below(flat, 50_000), [])
  assert.deepEqual(await below(many, Number.MAX_SAFE_INTEGER), [])
})

test('page after page gives every object or folder once, in order, both ways and by time', async () => {
  const names = [
    'a',
    'a!b/x',
    'a/',
    'a/b',
    'a/b/c',
    'a/c//d',
    'a0',
    'B/1',
    'B/2',
    'b',
    'b/3/4',
    'c//',
    'c/e',
    'z/y/x',
  ]
  const list = `(array[${names.map(name => `'${ann.userId}/${name}'`).join(', ')}])[n + 1]`
  await insert('small', names.length, list, '-1')
  await insert('small', 2, `'${ben.userId}/' || n`)
  const at = (name: string) => `${ann.userId}/${name}`
  const sorted = names.toSorted()
  const folderOf = (name: string) => (name.includes('/') ? name.slice(0, name.indexOf('/') + 1) : name)
  const entries = [...new Set(sorted.map(folderOf))].toSorted()
  const [folders, files] = [entries.filter(n => n.endsWith('/')), entries.filter(n => !n.endsWith('/'))]
  const newestFirst = (of: string[]) => of.toSorted((one, two) => names.indexOf(one) - names.indexOf(two))
  for (const limit of [1, 2, 3, 100]) {
    const all = async (query: Partial<PageQuery>, caller: DatabaseCaller = admin) => {
      const found = await pages(caller, 'small', { prefix: at(''), limit, ...query })
      assert.ok(found.slice(0, -1).every(page => page.length === limit))
      return found.flat()
    }
    assert.deepEqual(await all({}), sorted.map(at))
    assert.deepEqual(await all({ prefix: '' }, ann), sorted.map(at))
    assert.deepEqual(await all({ order: 'desc' }), sorted.toReversed().map(at))
    assert.deepEqual(await all({ column: 'created_at', order: 'desc' }), newestFirst(names).map(at))
    assert.deepEqual(
      await all({ prefix: '', column: 'updated_at' }, ann),
      newestFirst(names).toReversed().map(at),
    )
    assert.equal((await all({ prefix: '', column: 'updated_at' })).length, names.length + 2)
    assert.deepEqual(await all({ folders: true }), entries.map(at))
    assert.deepEqual(await all({ folders: true, order: 'desc' }), entries.toReversed().map(at))
    assert.deepEqual(
      await all({ folders: true, column: 'updated_at', order: 'desc' }),
      [...folders.toReversed(), ...newestFirst(files)].map(at),
    )
    assert.deepEqual(
      await all({ folders: true, column: 'created_at' }),
      [...folders, ...newestFirst(files).toReversed()].map(at),
    )
    assert.deepEqual(await all({ folders: true, prefix: at('a') }), ['a', 'a!b/', 'a/', 'a0'].map(at))
    assert.deepEqual(await all({ folders: true, prefix: at('a/') }), ['a/', 'a/b', 'a/b/', 'a/c/'].map(at))
  }
  assert.deepEqual(await folder(ann, 'small', { prefix: at('c') }), ['c//', 'c/e'].map(at))
  assert.deepEqual(await folder(admin, 'small', {}), [at(''), `${ben.userId}/`].toSorted())
})

test('a search finds what begins so in the folder, however it is spelled', async () => {
  const at = (name: string) => `${ann.userId}/${name}`
  const found = (search: string, query: Partial<FolderQuery> = {}) =>
    folder(ann, 'small', { prefix: ann.userId, search, ...query })
  assert.deepEqual(await found('b'), ['B/', 'b', 'b/'].map(at))
  assert.deepEqual(await found('A'), ['a', 'a!b/', 'a/', 'a0'].map(at))
  assert.deepEqual(await found('A', { offset: 1, limit: 2 }), ['a!b/', 'a/'].map(at))
  assert.deepEqual(await found('A', { order: 'desc' }), ['a0', 'a/', 'a!b/', 'a'].map(at))
  assert.deepEqual(await found('A', { column: 'created_at' }), ['a!b/', 'a/', 'a0', 'a'].map(at))
  assert.deepEqual(await found('a/B'), ['a/'].map(at))
  assert.deepEqual(await found('!b'), [])
  assert.deepEqual(await found('ä'), [])
  assert.deepEqual(await folder(ann, 'small', { search: ann.userId.toUpperCase() }), [at('')])
  assert.deepEqual(await folder(ben, 'small', { search: ann.userId }), [])
})

function cheap(what: string, entries = 100): void {
  assert.ok(work.rows <= 5 * entries + 50, `${what}: ${work.rows} rows were read`)
  assert.ok(work.pages <= 20 * entries + 200, `${what}: ${work.pages} pages were read`)
  work = { rows: 0, pages: 0 }
}

/** Runs what a list asked once more, and adds up what its plans say. */
function watched(of: Database<FileTables>): Database<FileTables> {
  return {
    ...of,
    as: (caller, run) =>
      of.as(caller, async (db, audit) => {
        const asked: RootOperationNode[] = []
        const plugin: KyselyPlugin = {
          transformQuery({ node }) {
            asked.push(node)
            return node
          },
          transformResult: async ({ result }) => result,
        }
        const result = await run(db.withPlugin(plugin), audit)
        for (const node of asked) await explain(db, node)
        return result
      }),
  }
}

async function explain(db: Kysely<FileTables>, node: RootOperationNode): Promise<void> {
  const query = db.getExecutor().compileQuery(node, { queryId: 'list' })
  const explained = CompiledQuery.raw(`explain (analyze, buffers, timing off, format json) ${query.sql}`, [
    ...query.parameters,
  ])
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explained)
  const plan = rows[0]?.['QUERY PLAN'][0].Plan
  assert.ok(plan)
  work.rows += rowsOf(plan)
  work.pages += plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

type Plan = {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}

function rowsOf(plan: Plan): number {
  const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  const own = plan['Relation Name'] === 'objects' ? (plan['Actual Rows'] + removed) * plan['Actual Loops'] : 0
  return (plan.Plans ?? []).reduce((sum, child) => sum + rowsOf(child), own)
}
