import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import pg from 'pg'
import { startEmbeddedPostgres } from '../src/adapters/postgres/embedded.ts'
import { silentLog } from '../src/kit/log.ts'
import { defer } from '../src/testing/defer.ts'
import { fixedModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { runCommand } from './command.ts'
import { familyOf, onLinux, signal, until } from './processes.ts'
import { type Reply, type Server, startServer, uploadForm } from './server.ts'

// A cluster of its own, in the place of a managed one: here it is frozen and killed.
const file = { after }
const cluster = await startEmbeddedPostgres({ dataDir: await temporaryFolder(file), log: silentLog })
defer(file, () => cluster.stop())
const pixels = [Array.from({ length: 64 }, (_, index) => index % 17)]

test('on a database of the user it serves as a role that may create nothing', async t => {
  const database = await emptyDatabase()
  const server = await startServer(t, { env: { DATABASE_URL: database } })
  const digits = await latest(server, 'digits')
  assert.equal((await server.predict(digits.id, { pixels })).status, 201)

  const [role] = await query(
    database,
    `select rolsuper, rolcreatedb, rolcreaterole,
    (select array_agg(nspname::text) from pg_namespace
      where has_schema_privilege(rolname, oid, 'create')) as creates_in,
    (select array_agg(distinct schemaname::text) from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')) as tables_in,
    has_database_privilege(rolname, current_database(), 'create') as creates_schemas,
    (select count(*)::int from pg_class where relowner = pg_roles.oid) as owns
    from pg_roles where rolname = 'roundhouse_app'`,
  )
  assert.deepEqual(role, {
    rolsuper: false,
    rolcreatedb: false,
    rolcreaterole: false,
    creates_in: null,
    tables_in: ['roundhouse', 'roundhouse_queue'],
    creates_schemas: false,
    owns: 0,
  })

  // The login is a superuser, for whom no grant counts: a call that fails for want of one runs as the role.
  await query(database, 'revoke insert on roundhouse.models from roundhouse_app')
  assert.equal((await server.call('POST', '/api/v1/models', { name: 'refused' })).status, 500)
  await query(database, 'grant insert on roundhouse.models to roundhouse_app')
  assert.equal((await server.call('POST', '/api/v1/models', { name: 'taken' })).status, 201)
  await server.stop()
})

test(
  'while the database is frozen calls end within 3 s, predictions go on, and all is well soon after the thaw',
  onLinux,
  async t => {
    const server = await startServer(t, { env: { DATABASE_URL: await emptyDatabase() } })
    const { id } = await latest(server, 'digits')
    assert.equal((await server.predict(id, { pixels })).status, 201)
    const expected: string[] = []
    const frozen = await familyOf(cluster.pid)
    try {
      for (const pid of frozen) signal(pid, 'SIGSTOP')
      const frozenAt = performance.now()
      const calls: Promise<{ what: string; reply: Reply; ms: number }>[] = [
        timed(server, 'GET', '/api/v1/models'),
        timed(server, 'GET', '/api/v1/models/01890000-0000-7000-8000-000000000000'),
        timed(server, 'GET', '/api/v1/models/by-name/digits/versions'),
        timed(server, 'GET', `/api/v1/models/${id}/predictions`),
        timed(server, 'POST', '/api/v1/models', { name: 'frozen' }),
        timed(server, 'PATCH', `/api/v1/models/${id}`, { description: 'frozen' }),
        timed(server, 'POST', `/api/v1/models/${id}/validate`),
        timed(server, 'DELETE', `/api/v1/models/${id}`),
        timedUpload(server),
      ]
      const ready = until(
        'readiness goes',
        async () => (await server.call('GET', '/api/v1/ready')).status === 503,
        5000,
      )
      for (let round = 0; round < 20; round++) {
        const startedAt = performance.now()
        assert.equal((await fetch(`${server.url}/api/v1/live`)).status, 200)
        assert.ok(performance.now() - startedAt < 250)
        const { status, body } = await server.predict(id, { pixels }, { skip_cache: round % 2 === 0 })
        assert.equal(status, 201, JSON.stringify(body))
        expected.push(String(body.id))
      }
      assert.ok(performance.now() - frozenAt < 2500, 'predictions do not wait for the database')
      const infer = { inputs: [{ name: 'pixels', datatype: 'FP32', shape: [1, 64], data: pixels[0] }] }
      assert.equal((await server.call('POST', '/v2/models/digits/infer', infer)).status, 200)

      for (const { what, reply, ms } of await Promise.all(calls)) {
        assert.equal(reply.status, 503, `${what}: ${JSON.stringify(reply.body)}`)
        assert.ok(Number(reply.headers.get('retry-after')) >= 1, what)
        assert.ok(ms < 3000, `${what}: ${ms} ms`)
      }
      await ready
      const { body } = await server.call('GET', '/api/v1/ready')
      assert.match(String(body.reasons), /database/)
      const again = await timed(server, 'GET', '/api/v1/models')
      assert.equal(again.reply.status, 503)
      assert.ok(again.ms < 500, 'once that is known nobody waits')
    } finally {
      for (const pid of frozen) signal(pid, 'SIGCONT')
    }
    const healthy = async () => (await server.call('GET', '/health')).status === 200
    const listed = async () => (await server.call('GET', '/api/v1/models')).status === 200
    await until('all is normal', async () => (await healthy()) && (await listed()), 3000)
    await until('the history is complete', async () => {
      const { body } = await server.call('GET', `/api/v1/models/${id}/predictions?limit=100`)
      const known = (body.data as { id: string }[]).map(row => row.id)
      return expected.every(one => known.includes(one))
    })
    assert.equal(
      (await latest(server, 'digits')).description?.includes('frozen'),
      false,
      'what was answered 503 did not happen later',
    )
    await server.stop()
  },
)

test(
  'a database that dies and comes back under traffic costs no prediction and only 503s elsewhere',
  onLinux,
  async t => {
    const server = await startServer(t, { env: { DATABASE_URL: await emptyDatabase() } })
    const { id } = await latest(server, 'digits')
    const predictions = new Set<number>()
    const reads = new Set<number>()
    let over = false
    const traffic = [
      (async () => {
        while (!over) predictions.add((await server.predict(id, { pixels }, { skip_cache: true })).status)
      })(),
      (async () => {
        while (!over) reads.add((await server.call('GET', '/api/v1/models')).status)
      })(),
    ]
    await until('traffic flows', () => predictions.size > 0 && reads.size > 0)
    const before = cluster.pid
    signal(before, 'SIGQUIT')
    await until('another database runs', () => cluster.pid !== before)
    await until('it is ready', async () => (await server.call('GET', '/api/v1/ready')).status === 200)
    over = true
    await Promise.all(traffic)
    assert.deepEqual([...predictions], [201])
    assert.deepEqual(
      [...reads].filter(status => status !== 200 && status !== 503),
      [],
    )
    assert.equal((await server.call('POST', '/api/v1/models', { name: 'after' })).status, 201)
    await server.stop()
  },
)

test('roundhouse migrate may run twice, and beside a running server', async t => {
  const database = await emptyDatabase()
  const env = { DATABASE_URL: database, DATA_DIR: await temporaryFolder(t), SAMPLE_MODEL: 'false' }
  const first = await runCommand(['migrate'], { env })
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /^Applied 0001_models\.sql/m)
  const server = await startServer(t, { env, dataDir: env.DATA_DIR })
  assert.equal(server.log('database-migrate').length, 0)
  const second = await runCommand(['migrate'], { env })
  assert.equal(second.code, 0)
  assert.equal(second.stdout, 'The database is up to date.\n')
  assert.equal((await server.call('POST', '/api/v1/models', { name: 'still-works' })).status, 201)
  await server.stop()
})

test('of five servers that start together on an empty database all come up, and one migrates', async t => {
  const env = { DATABASE_URL: await emptyDatabase() }
  const dataDir = await temporaryFolder(t)
  const servers = await Promise.all(Array.from({ length: 5 }, () => startServer(t, { dataDir, env })))
  assert.deepEqual(
    servers.flatMap(server => server.log('database-migrate')).map(line => line.applied),
    [(await readdir(new URL('../migrations/', import.meta.url))).sort()],
  )
  assert.equal(new Set(servers.map(server => server.key)).size, 1, 'one key, made once')
  for (const server of servers) {
    const { body } = await server.call('GET', '/api/v1/models')
    assert.deepEqual(
      (body.data as Model[]).map(model => `${model.name}@${model.version}`),
      ['digits@1'],
    )
    assert.equal((await server.predict((await latest(server, 'digits')).id, { pixels })).status, 201)
  }
  await Promise.all(servers.map(server => server.stop()))
})

test('what is done to a model on one replica holds on the other within 2 s', async t => {
  const env = { DATABASE_URL: await emptyDatabase(), SAMPLE_MODEL: 'false' }
  const dataDir = await temporaryFolder(t)
  const [a, b] = await Promise.all([startServer(t, { dataDir, env }), startServer(t, { dataDir, env })])
  const x = [1, 2, 3, 4]
  const infer = { inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: x }] }
  const onB = async (status: number, call: () => Promise<Reply>) => {
    await until(`B answers ${status}`, async () => (await call()).status === status, 2000)
  }
  const byName = () => b.call('POST', '/v2/models/shared/infer', infer)

  const first = await a.push('shared', fixedModel())
  await onB(201, () => b.predict(first.id, { x }, { skip_cache: true }))
  await onB(200, byName)
  assert.deepEqual((await b.predict(first.id, { x })).body.output_data, { y: [2, 4, 6, 8] })

  await a.call('POST', '/v2/repository/models/shared/unload', {})
  await onB(503, byName)
  await onB(503, () => b.predict(first.id, { x }, { skip_cache: true }))
  await a.call('POST', '/v2/repository/models/shared/load', {})
  await onB(200, byName)

  await a.call('PATCH', `/api/v1/models/${first.id}`, { status: 'archived' })
  await onB(409, () => b.predict(first.id, { x }))
  await a.call('PATCH', `/api/v1/models/${first.id}`, { status: 'ready' })
  await onB(201, () => b.predict(first.id, { x }, { skip_cache: true }))

  assert.equal((await a.call('DELETE', `/api/v1/models/${first.id}`)).status, 204)
  await onB(404, () => b.predict(first.id, { x }))
  await onB(404, byName)
  await Promise.all([a.stop(), b.stop()])
})

let made = 0
async function emptyDatabase(): Promise<string> {
  made += 1
  await query(cluster.adminUrl, `create database empty_${made}`)
  return cluster.adminUrl.replace(/\/[^/?]*\?/, `/empty_${made}?`)
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function latest(server: Server, name: string): Promise<Model> {
  const { status, body } = await server.call('GET', `/api/v1/models/by-name/${name}/latest`)
  assert.equal(status, 200)
  return body as unknown as Model
}

async function timed(server: Server, method: string, path: string, body?: unknown) {
  const startedAt = performance.now()
  const reply = await server.call(method, path, body)
  return { what: `${method} ${path}`, reply, ms: performance.now() - startedAt }
}

async function timedUpload(server: Server) {
  const startedAt = performance.now()
  const response = await server.fetch('/api/v1/models', {
    method: 'POST',
    body: uploadForm('frozen', fixedModel()),
  })
  const reply: Reply = {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(await response.text()),
  }
  return { what: 'upload', reply, ms: performance.now() - startedAt }
}
