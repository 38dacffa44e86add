import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { before, test } from 'node:test'
import { createClient, type Job, type Model, type ProblemBody } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { identityModel, mlpModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'
import { csvOf, ended, resultOf, rowOf, send, textOf } from './batch-requests.ts'

const width = 4
const header = Array.from({ length: width }, (_, index) => `x[${index}]`)
const rows = Array.from({ length: 20_000 }, (_, index) => rowOf(index, width))

let house: TestHouse
let mlp: Model
let words: Model

before(async t => {
  house = await testHouse(t as { after(callback: () => Promise<void>): void })
  const file = mlpModel({ inputs: width, hidden: 8, outputs: 2, seed: 1 })
  mlp = await house.pushed('mlp', file, { visibility: 'users' })
  words = await house.pushed('words', identityModel('BYTES', ['N']), { visibility: 'users' })
})

async function oneByOne(indexes: readonly number[]): Promise<number[][]> {
  const answers = await Promise.all(indexes.map(index => house.predict(mlp.id, { x: [rows[index]] })))
  return answers.map(({ body }) => (body.output_data as { y: number[][] }).y[0] ?? [])
}

const some = [0, 1, 2, 1023, 1024, 9999, 19_999]

test('20,000 rows of CSV give what one prediction after the other gives, in their order', async () => {
  const user = await house.user()
  const job = await send(user.fetch, mlp.id, csvOf(rows, header))
  assert.deepEqual([job.kind, job.model_id], ['batch', mlp.id])
  const done = await ended(user.fetch, job.id)
  assert.deepEqual([done.status, done.error], ['done', null])
  assert.deepEqual(done.progress, { done: 20_000, total: 20_000, unit: 'rows' })
  const result = await resultOf(user.fetch, job.id)
  assert.deepEqual([result.rows, result.failed_rows, result.errors_file], [20_000, 0, null])
  assert.equal(result.file.name, `${user.id}/${job.id}/result.csv`)
  const [names, ...lines] = (await textOf(result.file, house.url)).trimEnd().split('\n')
  assert.equal(names, 'y[0],y[1]')
  assert.equal(lines.length, 20_000)
  assert.deepEqual(
    some.map(index => lines[index]?.split(',').map(Number)),
    await oneByOne(some),
  )
  const left = await house.fetch('/storage/v1/object/list-v2/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prefix: `${user.id}/${job.id}/` }),
  })
  const { objects } = (await left.json()) as { objects: { name: string }[] }
  assert.deepEqual(
    objects.map(({ name }) => name.split('/').at(-1)),
    ['input.csv', 'result.csv'],
  )
})

test('20,000 JSON lines in a form give JSON lines, or columns where asked for', async () => {
  const user = await house.user()
  const form = new FormData()
  const text = rows.map(row => `${JSON.stringify({ x: row })}\n`).join('')
  form.set('file', new Blob([text]), 'rows.jsonl')
  const lines = await send(user.fetch, mlp.id, form)
  const columns = await send(user.fetch, mlp.id, text, '?output=csv', 'application/x-ndjson')
  assert.equal((await ended(user.fetch, lines.id)).status, 'done')
  assert.equal((await ended(user.fetch, columns.id)).status, 'done')
  const given = (await textOf((await resultOf(user.fetch, lines.id)).file, house.url)).trimEnd().split('\n')
  const table = (await textOf((await resultOf(user.fetch, columns.id)).file, house.url)).trimEnd().split('\n')
  assert.equal(given.length, 20_000)
  const values = given.map(line => (JSON.parse(line) as { y: number[] }).y)
  assert.deepEqual(
    some.map(index => values[index]),
    await oneByOne(some),
  )
  assert.deepEqual(
    table.slice(1).map(line => line.split(',').map(Number)),
    values,
  )
})

test('bad rows stay empty in the result and are told by their lines', async () => {
  const user = await house.user()
  const text = `${header.join()}\r\n1,1,1,1\r\n1,1,1\r\n\r\n"1","1\n",1,1\r\n1,1,?,1\r\n2,2,2,2`
  const job = await send(user.fetch, mlp.id, text)
  assert.equal((await ended(user.fetch, job.id)).status, 'done')
  const result = await resultOf(user.fetch, job.id)
  assert.deepEqual([result.rows, result.failed_rows], [5, 2])
  const lines = (await textOf(result.file, house.url)).split('\n')
  assert.deepEqual([lines[2], lines[4], lines.length, lines.at(-1)], [',', ',', 7, ''])
  assert.equal(lines[1], lines[3])
  const errors = (await textOf(result.errors_file, house.url)).trimEnd().split('\n')
  assert.deepEqual(
    errors.map(line => JSON.parse(line) as unknown),
    [
      { line: 3, reason: 'Expected 4 columns, got 3.' },
      { line: 7, reason: 'Column x[2]: expected a number, "NaN", "Infinity" or "-Infinity", got "?".' },
    ],
  )
})

test('text of users begins no formula in the file', async () => {
  const job = await send(house.fetch, words.id, 'x\n=1+1\n"a,b"\n-\n')
  assert.equal((await ended(house.fetch, job.id)).status, 'done')
  const result = await resultOf(house.fetch, job.id)
  assert.ok(result.file.name.startsWith('house/'))
  assert.equal(await textOf(result.file, house.url), 'y\n\'=1+1\n"a,b"\n\'-\n')
})

test('a file without a fitting first line, without rows or of an unknown kind is refused at once', async () => {
  const user = await house.user()
  const refusal = async (body: string, type = 'text/csv') => {
    const path = `/api/v1/models/${mlp.id}/batch`
    const response = await user.fetch(path, { method: 'POST', body, headers: { 'content-type': type } })
    const { detail } = (await response.json()) as ProblemBody
    return `${response.status} ${detail}`
  }
  assert.match(await refusal('a,b\n1,2\n'), /^400 The first line must name .* expected x\[0\] to x\[3\]/)
  // The rest of a large file need not be sent for it.
  assert.match(await refusal(`a,b\n${'1,2\n'.repeat(2_000_000)}`), /^400 The first line must name/)
  assert.equal(await refusal(`${header.join()}\n`), '400 The file has no rows.')
  assert.equal(await refusal('', 'application/x-ndjson'), '400 The file has no rows.')
  assert.match(await refusal('1', 'image/png'), /^415 /)
  const none = await house.ground.database.system
    .selectFrom('objects')
    .select('id')
    .where('owner_id', '=', user.id)
    .execute()
  assert.deepEqual(none, [])
})

test('a file of bad rows alone fails with the first of them', async () => {
  const user = await house.user()
  const job = await send(user.fetch, mlp.id, `${header.join()}\n1\n2\n`)
  const failed = await ended(user.fetch, job.id)
  assert.equal(failed.status, 'failed')
  assert.equal(
    failed.error?.detail,
    'None of the 2 rows could be predicted. The first, line 2: Expected 4 columns, got 1.',
  )
})

test('bad rows with characters that no database holds are bad rows like others', async () => {
  const user = await house.user()
  const emoji = `${'a'.repeat(39)}\u{1f600}`
  const odd = [{ x: [1, 1, 1, 1], 'a\u0000': 1 }, { x: [1, 1, 1, 1], [emoji]: 1 }, [1, 1, 1, 1]]
  const text = odd.map(row => `${JSON.stringify(row)}\n`).join('')
  const job = await send(user.fetch, mlp.id, text, '', 'application/x-ndjson')
  const done = await ended(user.fetch, job.id)
  assert.deepEqual([done.status, done.error, done.attempt], ['done', null, 1])
  const result = await resultOf(user.fetch, job.id)
  assert.deepEqual([result.rows, result.failed_rows], [3, 2])
  const errors = (await textOf(result.errors_file, house.url)).trimEnd().split('\n')
  assert.match((JSON.parse(errors[0] ?? '') as { reason: string }).reason, /no input 'a\ufffd'/)

  // UTF-16 without a mark: a NUL in each name, and a file of bad rows alone.
  const wide = Buffer.from(`${header.join()}\n1,1,1,1\n`, 'utf16le').toString('latin1')
  const one = await house.pushed('one', mlpModel({ inputs: 1, hidden: 2, outputs: 1, seed: 1 }), {
    visibility: 'users',
  })
  const narrow = Buffer.from('x\n1\n2\n', 'utf16le').toString('latin1')
  for (const [model, body] of [
    [mlp.id, wide],
    [one.id, narrow],
  ] as const) {
    const { status, attempt, error } = await ended(user.fetch, (await send(user.fetch, model, body)).id)
    assert.deepEqual([status, attempt, error?.code], ['failed', 1, 'invalid-request'])
    assert.match(error?.detail ?? '', /^None of the \d+ rows could be predicted\./)
  }
})

test('whatever another user asks of a batch, it is not there', async () => {
  const owner = await house.user()
  const other = await house.user()
  const job = await send(owner.fetch, mlp.id, `${header.join()}\n1,1,1,1\n`)
  await ended(owner.fetch, job.id)
  const { file } = await resultOf(owner.fetch, job.id)
  for (const path of [`/api/v1/jobs/${job.id}`, `/api/v1/jobs/${job.id}/result`])
    assert.equal((await other.fetch(path)).status, 404)
  assert.ok((await other.fetch(`/storage/v1/object/batches/${file.name}`)).status >= 400)
  assert.equal((await owner.fetch(`/storage/v1/object/batches/${file.name}`)).status, 200)
  const hidden = await house.pushed('hidden', mlpModel({ inputs: width, hidden: 8, outputs: 2, seed: 1 }))
  const init = { method: 'POST', body: 'x\n1\n', headers: { 'content-type': 'text/csv' } }
  assert.equal((await other.fetch(`/api/v1/models/${hidden.id}/batch`, init)).status, 404)
})

test('the SDK sends a batch, waits for it and finds its files', async () => {
  const user = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })
  const sent: number[] = []
  const text = `${header.join()}\n1,1,1,1\n2,2,2,2\n`
  const job = await client.models.batch(mlp.id, new Blob([text]), {
    output: 'jsonl',
    onProgress: ({ sentBytes }) => void sent.push(sentBytes),
  })
  assert.equal(sent.at(-1), text.length)
  assert.equal((await client.jobs.wait(job.id)).status, 'done')
  const result = await client.jobs.batchResult(job.id)
  assert.deepEqual([result?.rows, result?.failed_rows, result?.errors_file], [2, 0, null])
  const file = await client.files.from('batches').download(result?.file.name ?? '')
  assert.equal((await file.text()).split('\n').length, 3)
})

test('the same batch with the same key is made once', async () => {
  const user = await house.user()
  const path = `/api/v1/models/${mlp.id}/batch`
  const init = {
    method: 'POST',
    headers: { 'content-type': 'text/csv', 'idempotency-key': 'nightly' },
    body: `${header.join()}\n1,1,1,1\n`,
  }
  const first = (await (await user.fetch(path, init)).json()) as Job
  const again = await user.fetch(path, init)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.deepEqual((await again.json()) as Job, first)
  assert.equal((await ended(user.fetch, first.id)).status, 'done')
})

test('another file of the same length is told apart by its digest', async () => {
  const user = await house.user()
  const order = (row: string) => {
    const body = `${header.join()}\n${row}\n`
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const headers = { 'content-type': 'text/csv', 'idempotency-key': 'digest', 'content-digest': digest }
    return user.fetch(`/api/v1/models/${mlp.id}/batch`, { method: 'POST', headers, body })
  }
  const statuses = [
    (await order('1,1,1,1')).status,
    (await order('2,2,2,2')).status,
    (await order('1,1,1,1')).status,
  ]
  assert.deepEqual(statuses, [201, 422, 201])
})

test('a removed batch leaves neither its input nor its result', async () => {
  const user = await house.user()
  const job = await send(user.fetch, mlp.id, `${header.join()}\n1,1,1,1\n1\n`)
  await ended(user.fetch, job.id)
  assert.equal((await user.fetch(`/api/v1/jobs/${job.id}`, { method: 'DELETE' })).status, 204)
  const { rows: left } = await sql`select name from objects where owner_id = ${user.id}`.execute(
    house.ground.database.system,
  )
  assert.deepEqual(left, [])
})

test('an upload that breaks off leaves nothing', async () => {
  const user = await house.user()
  const upload = request(`${house.url}/api/v1/models/${mlp.id}/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.key}`, 'content-type': 'text/csv', 'content-length': '1000000' },
  })
  upload.on('error', () => {})
  upload.write(`${header.join()}\n1,1,1,1\n`)
  await once(upload, 'socket')
  await until(() => upload.writableLength === 0, 'it was sent')
  upload.destroy()
  const count = async () => {
    const { rows: found } = await sql<{ count: number }>`
      select count(*)::int as count from jobs where owner_id = ${user.id}`.execute(
      house.ground.database.system,
    )
    return found[0]?.count
  }
  assert.equal(await count(), 0)
  const job = await send(user.fetch, mlp.id, `${header.join()}\n1,1,1,1\n`)
  await ended(user.fetch, job.id)
  assert.equal(await count(), 1)
})
