import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, isProblem, type LogLine } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { systemClock } from '../src/kit/clock.ts'
import { createLogs } from '../src/logs/logs.ts'
import { defer } from '../src/testing/defer.ts'
import { testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'

const scope = { after }
const { appUrl } = await testDatabase(scope)
const share = { databaseUrl: appUrl, dataDir: await temporaryFolder(scope) }
const house = await testHouse(scope, {}, { share })
defer(scope, house.close)
/** Another process of the same server. */
const replica = await testHouse(scope, { ROLES: 'api' }, { share })
defer(scope, replica.close)
const admin = await house.user({ role: 'admin' })
const member = await house.user()
const other = await house.user()
const client = createClient({ baseUrl: house.url, token: admin.key })

/** Lines are written behind what they tell of. */
async function told(query: { q?: string; request_id?: string }, count = 1): Promise<LogLine[]> {
  let found: LogLine[] = []
  await until(
    async () => {
      found = (await client.logs.list(query)).data
      return found.length >= count
    },
    `${count} lines of ${JSON.stringify(query)}`,
  )
  return found
}

function get(path: string, requestId: string, from = house): Promise<Response> {
  return from.fetch(path, { headers: { 'x-request-id': requestId } })
}

test('every request is found by its id, whichever process answered it, with no key and no query in it', async () => {
  await get('/api/v1/models?limit=3&token=secret', 'logs-first')
  await get('/api/v1/jobs/not-a-uuid', 'logs-second', replica)
  await get('/api/v1/embed/rhe_AbCdEfGhIjKlMnOp', 'logs-embed')
  const [first] = await told({ request_id: 'logs-first' })
  const [second] = await told({ q: 'request:logs-second' })
  assert.deepEqual(
    [first?.event, first?.level, first?.method, first?.path, first?.status],
    ['request-end', 'info', 'GET', '/api/v1/models', 200],
  )
  assert.deepEqual([second?.path, second?.status], ['/api/v1/jobs/not-a-uuid', 400])
  assert.notEqual(first?.process, second?.process)
  assert.equal((await told({ request_id: 'logs-embed' }))[0]?.path, '/api/v1/embed/rhe_AbCd…')
  assert.deepEqual((await client.logs.list({ q: `id:${first?.id}` })).data, [first])
})

test('the query language finds what it says, page after page, and refuses what it does not know in words', async () => {
  for (let n = 0; n < 5; n += 1) await get(`/api/v1/agents?n=${n}`, `pages-${n}`)
  await get('/nothing/here', 'pages-lost')
  await member.fetch('/api/v1/me', { headers: { 'x-request-id': 'pages-member' } })
  await told({ request_id: 'pages-member' })
  const ids = async (q: string) =>
    (await client.logs.list({ q: `${q} pages-` })).data.map(line => line.request_id).sort()
  assert.deepEqual(await ids('status:4xx'), ['pages-lost'])
  assert.deepEqual(await ids('status:>=400 -path:/api'), ['pages-lost'])
  assert.deepEqual(await ids(`user:${member.id}`), ['pages-member'])
  assert.deepEqual(await ids(`user:${member.email}`), ['pages-member'])
  assert.deepEqual(await ids('path:/api/v1/m,/nothing'), ['pages-lost', 'pages-member'])
  assert.deepEqual(await ids('event:request-* method:get PAGES-3'), ['pages-3'])
  assert.deepEqual(await ids('level:error'), [])
  assert.deepEqual(await ids('duration:>1m'), [])
  const walked: string[] = []
  for await (const line of client.logs.iterate({ q: 'path:/api/v1/agents', limit: 2 }))
    walked.push(String(line.request_id))
  assert.deepEqual(walked, ['pages-4', 'pages-3', 'pages-2', 'pages-1', 'pages-0'])
  const none = { q: 'pages-', from: new Date(Date.now() + 60_000).toISOString() }
  assert.deepEqual((await client.logs.list(none)).data, [])
  await assert.rejects(
    client.logs.list({ q: 'level:loud' }),
    error =>
      isProblem(error) &&
      error.code === 'invalid-request' &&
      /debug, info, warn or error/.test(error.message),
  )
  const streamed = await admin.fetch('/api/v1/logs/events?q=status:high')
  assert.equal(streamed.status, 400)
})

test('who follows gets each line of every process once and in order, also when the connection breaks and comes back', async () => {
  const seen: LogLine[] = []
  const states: string[] = []
  const stop = new AbortController()
  const { newest_id: after } = await client.logs.list({ limit: 1 })
  let cuts = 0
  const cutting = createClient({
    baseUrl: house.url,
    token: admin.key,
    async fetch(input, init) {
      const reply = await fetch(input, init)
      if (cuts === 3 || reply.body === null) return reply
      cuts += 1
      let left = 900
      const short = new TransformStream<Uint8Array, Uint8Array>({
        transform(part, controller) {
          controller.enqueue(part.subarray(0, left))
          left -= part.length
          if (left <= 0) controller.error(new Error('cut'))
        },
      })
      return new Response(reply.body.pipeThrough(short), reply)
    },
  })
  const following = (async () => {
    const options = {
      q: 'follow-',
      after,
      signal: stop.signal,
      onState: (state: string) => states.push(state),
    }
    for await (const line of cutting.logs.follow(options)) seen.push(line)
  })().catch(error => {
    if (!stop.signal.aborted) throw error
  })
  const sent = Array.from({ length: 60 }, (_, n) => `follow-${n}`)
  await Promise.all(sent.map((id, n) => get('/api/v1/live', id, n % 2 === 0 ? house : replica)))
  await until(() => seen.length >= sent.length, 'all lines have come', 20_000)
  stop.abort()
  await following
  assert.deepEqual(seen.map(line => line.request_id).sort(), sent.sort())
  const order = seen.map(line => line.id)
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  assert.equal(cuts, 3)
  assert.ok(states.includes('reconnecting') && states.at(-1) === 'live')
})

test('who is banned is told no more lines', async () => {
  const banned = await house.user({ role: 'admin' })
  const open = await banned.fetch('/api/v1/logs/events')
  assert.equal(open.status, 200)
  await client.admin.users.update(banned.id, { banned: true })
  assert.match(await open.text(), /^event: position/)
  assert.equal((await banned.fetch('/api/v1/logs/events')).status, 401)
})

test('a request tells its whole story to its owner, more of it to administrators, and nothing to others', async () => {
  const model = await house.pushed('story', mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }), {
    visibility: 'users',
    price: '2',
  })
  const headers = { 'x-request-id': 'the-story', 'content-type': 'application/json' }
  const post = (path: string, body: unknown) =>
    member.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  const input = { x: [[0.5, 0.5]] }
  assert.equal((await post(`/api/v1/models/${model.id}/predict`, { input_data: input })).status, 201)
  assert.equal((await post('/api/v1/jobs', { model_id: model.id, input_data: input })).status, 201)
  const talk = { title: 'Told', messages: [{ role: 'user', text: 'Hello' }] }
  assert.equal(
    (await post('/api/v1/reports', { template: 'conversation-transcript', data: talk })).status,
    201,
  )
  const own = createClient({ baseUrl: house.url, token: member.key })
  const kinds = async (of = own) => (await of.requests.get('the-story')).entries.map(({ kind }) => kind)
  await until(async () => {
    const job = (await own.requests.get('the-story')).entries.find(({ kind }) => kind === 'job')
    return job?.status === 'done' && (await kinds()).filter(kind => kind === 'prediction').length === 2
  }, 'the job has ended and both predictions are in the history')
  const { entries, is_cut } = await own.requests.get('the-story')
  assert.equal(is_cut, false)
  assert.deepEqual([...new Set(entries.map(({ kind }) => kind))].sort(), [
    'credit',
    'job',
    'prediction',
    'report',
  ])
  assert.deepEqual(
    entries.map(({ at }) => at),
    entries.map(({ at }) => at).sort(),
  )
  assert.ok(entries.every(({ user_id }) => user_id === member.id))
  assert.equal(entries.find(({ kind }) => kind === 'prediction')?.name, 'story@1')
  assert.equal(entries.find(({ kind }) => kind === 'report')?.name, 'Told')
  await told({ request_id: 'the-story' }, 4)
  const all = await kinds(client)
  assert.ok(all.includes('log') && all.includes('report') && all.includes('job'))
  assert.equal((await other.fetch('/api/v1/requests/the-story')).status, 404)
  assert.equal((await member.fetch('/api/v1/requests/nobody-knows-it')).status, 404)
})

test('lines that are too many or too old are removed, the newest stay', async () => {
  const { database } = house.ground
  const { system } = database
  await sql`
    insert into log_lines (process, number, at, level, event)
    select 'old', n, now() - interval '8 days', 'info', 'long-ago' from generate_series(1, 50) as n
    union all select 'many', n, now(), 'info', 'many' from generate_series(1, 1200) as n`.execute(system)
  const kept = { retentionDays: 7, retentionLines: 1000, onRightsChange: () => () => {} }
  await createLogs({ database, clock: systemClock, process: 'sweeper', ...kept }).sweep()
  const { rows } = await sql<{ event: string; count: number }>`
    select event, count(*)::int as count from log_lines where process in ('old', 'many') group by 1`.execute(
    system,
  )
  const many = rows.find(({ event }) => event === 'many')?.count ?? 0
  assert.ok(many > 900 && many <= 1000, `${many} of the newest are left`)
  assert.equal(rows.length, 1)
})
