import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type BatchResult, createClient, type Job } from '@roundhouse/sdk'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { until } from '../src/testing/until.ts'
import { csvOf, ended, jobOf, resultOf, rowOf, send, textOf } from './batch-requests.ts'
import { type Server, startServer } from './server.ts'

const width = 12
const rowCount = 500_000
const badLine = 123_456

/** Some 50 MB. */
function input(): string {
  const some = Array.from({ length: 10_000 }, (_, index) => rowOf(index, width))
  const [head = '', ...lines] = csvOf(
    some,
    Array.from({ length: width }, (_, index) => `x[${index}]`),
  ).split('\n')
  const all = Array.from({ length: rowCount }, (_, index) =>
    index === badLine - 2 ? 'bad' : (lines[index % some.length] ?? ''),
  )
  return `${[head, ...all].join('\n')}\n`
}

async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

test('kill -9 in the middle of a batch: the same file, paid once, in memory that does not grow with it', async t => {
  const dataDir = await temporaryFolder(t)
  const env = { SAMPLE_MODEL: 'false' }
  const first = await startServer(t, { dataDir, env })
  const file = mlpModel({ inputs: width, hidden: 16, outputs: 2, seed: 1 })
  const model = await first.push('mlp', file, { visibility: 'users', price: '1' })
  const account = { email: 'batch@example.com', password: 'a long and plain password', name: 'Batch' }
  const { token, user } = await createClient({ baseUrl: first.url }).auth.signUp(account)
  // This test asks more often than people do.
  const unlimited = { requests_per_minute: null, requests_per_hour: null }
  assert.equal((await first.call('PATCH', '/api/v1/admin/plans/free', unlimited)).status, 200)
  const gift = { amount: 5 * rowCount, reason: 'test' }
  assert.equal((await first.call('POST', `/api/v1/admin/users/${user.id}/credits`, gift)).status, 200)
  const as =
    (server: Server) =>
    (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${token}`)
      return server.fetch(path, { ...init, headers })
    }
  const credits = async (server: Server) =>
    (await (await as(server)('/api/v1/credits')).json()) as { balance: number; held: number }
  const before = await credits(first)
  const text = input()

  const broken = await send(as(first), model.id, text)
  assert.equal((await credits(first)).held, rowCount)
  await until(
    async () => ((await jobOf(as(first), broken.id)).progress?.done ?? 0) > rowCount / 2,
    'half was done',
    60_000,
  )
  await first.kill()

  const second = await startServer(t, { dataDir, env })
  const done: Job = await ended(as(second), broken.id, 90_000)
  assert.deepEqual([done.status, done.error], ['done', null])
  // It got on in the second process, and with that the count began anew.
  assert.equal(done.attempt, 1)
  const result = await resultOf(as(second), broken.id)
  assert.deepEqual([result.rows, result.failed_rows], [rowCount, 1])
  const paidOnce = { balance: before.balance - rowCount + 1, held: 0 }
  const { balance, held } = await credits(second)
  assert.deepEqual({ balance, held }, paidOnce)

  const restingBytes = await residentBytes(second.pid)
  let mostBytes = 0
  const whole = await send(as(second), model.id, text)
  await until(
    async () => {
      mostBytes = Math.max(mostBytes, await residentBytes(second.pid))
      return (await jobOf(as(second), whole.id)).finished_at !== null
    },
    'the second batch ended',
    60_000,
  )
  const grownMb = Math.round((mostBytes - restingBytes) / 1e6)
  assert.ok(grownMb < 100, `The memory grew by ${grownMb} MB.`)
  const same = async ({ file: resultFile, errors_file }: BatchResult) =>
    Promise.all([resultFile, errors_file].map(async each => hashOf(await textOf(each, second.url))))
  assert.deepEqual(await same(result), await same(await resultOf(as(second), whole.id)))
  const errors = await textOf(result.errors_file, second.url)
  assert.equal((JSON.parse(errors) as { line: number }).line, badLine)
  await second.stop()
})
