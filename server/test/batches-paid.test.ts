import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Job, Model } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { type TestHouse, type TestUser, testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'
import { csvOf, ended, resultOf, rowOf, send } from './batch-requests.ts'

const width = 4
const header = Array.from({ length: width }, (_, index) => `x[${index}]`)
const rows = Array.from({ length: 20_000 }, (_, index) => rowOf(index, width))

let house: TestHouse
let mlp: Model
let paid: Model

before(async t => {
  house = await testHouse(t as { after(callback: () => Promise<void>): void })
  const file = mlpModel({ inputs: width, hidden: 8, outputs: 2, seed: 1 })
  mlp = await house.pushed('mlp', file, { visibility: 'users' })
  paid = await house.pushed('paid', file, { visibility: 'users', price: '2' })
})

async function account(user: TestUser): Promise<{ balance: number; held: number }> {
  const { rows: found } = await sql<{ balance: number; held: number }>`
    select balance::float8 as balance, held::float8 as held from credit_accounts where user_id = ${user.id}`.execute(
    house.ground.database.system,
  )
  return found[0] ?? { balance: -1, held: -1 }
}

async function granted(credits: number): Promise<TestUser> {
  const user = await house.user()
  const { balance } = await account(user)
  await sql`select grant_credits(${user.id}, ${credits - balance}, 'test')`.execute(
    house.ground.database.system,
  )
  return user
}

test('good rows are paid, bad ones are not; too few credits leave nothing behind', async () => {
  const user = await granted(10)
  const four = `${header.join()}\n1,1,1,1\n1,1,1\n2,2,2,2\n3,3,3,3\n`
  const job = await send(user.fetch, paid.id, four)
  await ended(user.fetch, job.id)
  assert.deepEqual(await account(user), { balance: 4, held: 0 })
  const path = `/api/v1/models/${paid.id}/batch`
  const response = await user.fetch(path, {
    method: 'POST',
    body: four,
    headers: { 'content-type': 'text/csv' },
  })
  assert.equal(response.status, 402)
  assert.deepEqual(await account(user), { balance: 4, held: 0 })
  const { rows: left } =
    await sql`select name from objects where owner_id = ${user.id} and name not like ${`%${job.id}%`}`.execute(
      house.ground.database.system,
    )
  assert.deepEqual(left, [])
})

/** Names of everything stored for the job, and the user's answer for each. */
async function stored(user: TestUser, job: Job): Promise<{ name: string; status: number }[]> {
  const { rows: found } = await sql<{ name: string }>`
    select name from objects where bucket_id = 'batches' and name like ${`%${job.id}%`} order by name`.execute(
    house.ground.database.system,
  )
  const answers: { name: string; status: number }[] = []
  for (const { name } of found) {
    const response = await user.fetch(`/storage/v1/object/batches/${name}`)
    await response.arrayBuffer()
    answers.push({ name, status: response.status })
  }
  return answers
}

async function kept(job: Job): Promise<{ rows: number; joined: boolean }> {
  const { rows: found } = await sql<{ rows: number; joined: boolean }>`
    select coalesce(sum((result ->> 'rows')::integer) filter (where name like 'segment-%'), 0)::integer as rows,
      coalesce(bool_or(name = 'join'), false) as joined
    from job_steps where job_id = ${job.id}`.execute(house.ground.database.system)
  return found[0] ?? { rows: -1, joined: false }
}

test('what is not paid cannot be read: neither the parts, nor the whole result before it is settled', async () => {
  const user = await granted(100_000)
  const job = await send(user.fetch, paid.id, csvOf([...rows, ['bad']], header))
  await house.ground.database.asSystem(async db => {
    // Locks the account: the batch can be done, but not settled.
    await sql`select deduct_credits(${user.id}, 0, 'test')`.execute(db)
    await until(async () => (await kept(job)).joined, 'the result is there', 8000)
    const before = await stored(user, job)
    assert.ok(before.some(({ name }) => name.endsWith('/result.csv')))
    assert.deepEqual(
      before.filter(({ status }) => status === 200).map(({ name }) => name),
      [`${user.id}/${job.id}/input.csv`],
    )
  })
  assert.equal((await ended(user.fetch, job.id)).status, 'done')
  assert.deepEqual(
    await stored(user, job),
    ['errors.jsonl', 'input.csv', 'result.csv'].map(name => ({
      name: `${user.id}/${job.id}/${name}`,
      status: 200,
    })),
  )
  assert.deepEqual(await account(user), { balance: 60_000, held: 0 })
})

test('nobody opens the bucket of batches to others, nor removes it', async () => {
  const change = async (fields: object) => {
    const response = await house.fetch('/storage/v1/bucket/batches', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    return `${response.status} ${await response.text()}`
  }
  assert.match(await change({ public: true }), /^4.*holds what users have paid for and cannot be opened\./)
  assert.match(await change({ open_folders: true }), /^4.*cannot be opened\./)
  assert.match(await change({ public: false }), /^200 /)
  const removal = await house.fetch('/storage/v1/bucket/batches', { method: 'DELETE' })
  assert.match(await removal.text(), /cannot be removed/)
  await assert.rejects(
    sql`update buckets set open_folders = true where id = 'batches'`.execute(house.ground.database.system),
    /buckets_batches_closed/,
  )
})

test('the seconds of a worker are paid where they have a price, as far as the credits go', async t => {
  const price = (credits: number) =>
    house.fetch('/api/v1/admin/prices', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ 'heavy-second': credits }),
    })
  assert.equal((await price(3)).status, 200)
  t.after(() => price(0))
  const [rich, poor] = [await granted(1000), await granted(2)]
  for (const user of [rich, poor]) {
    const job = await send(user.fetch, mlp.id, `${header.join()}\n1,1,1,1\n`)
    assert.equal((await ended(user.fetch, job.id)).status, 'done')
  }
  const { balance, held } = await account(rich)
  assert.ok(balance < 1000 && balance % 3 === 1000 % 3, `${balance}`)
  assert.equal(held, 0)
  assert.deepEqual(await account(poor), { balance: 0, held: 0 })
})

test('a batch that fails gives back what it held, and holds it again when it is tried again', async () => {
  const user = await granted(10)
  const job = await send(user.fetch, paid.id, `${header.join()}\n1\n2\n`)
  assert.equal((await ended(user.fetch, job.id)).status, 'failed')
  assert.deepEqual(await account(user), { balance: 10, held: 0 })
  assert.equal((await user.fetch(`/api/v1/jobs/${job.id}/retry`, { method: 'POST' })).status, 200)
  assert.equal((await ended(user.fetch, job.id)).status, 'failed')
  assert.deepEqual(await account(user), { balance: 10, held: 0 })
})

test('a cancelled batch stops before its end, is paid for what was done, and for the rest when it goes on', async () => {
  const user = await granted(10_000_000)
  const text = csvOf(rows, header)
  const copies = 60
  const many = text + csvOf(rows, []).slice(1).repeat(copies)
  const job = await send(user.fetch, paid.id, many)
  await until(async () => (await kept(job)).rows > 0, 'a segment is done', 30_000)
  await user.fetch(`/api/v1/jobs/${job.id}/cancel`, { method: 'POST' })
  const { status, progress } = await ended(user.fetch, job.id, 5000)
  assert.equal(status, 'cancelled')
  assert.ok(progress && progress.done < (progress.total ?? 0), JSON.stringify(progress))
  const done = (await kept(job)).rows
  assert.ok(done > 0 && done < rows.length * (copies + 1), `${done}`)
  assert.deepEqual(await account(user), { balance: 10_000_000 - 2 * done, held: 0 })
  const readable = (await stored(user, job)).filter(object => object.status === 200)
  assert.deepEqual(
    readable.map(({ name }) => name),
    [`${user.id}/${job.id}/input.csv`],
  )

  assert.equal((await user.fetch(`/api/v1/jobs/${job.id}/retry`, { method: 'POST' })).status, 200)
  assert.equal((await ended(user.fetch, job.id)).status, 'done')
  assert.equal((await resultOf(user.fetch, job.id)).rows, rows.length * (copies + 1))
  assert.deepEqual(await account(user), {
    balance: 10_000_000 - 2 * rows.length * (copies + 1),
    held: 0,
  })
})
