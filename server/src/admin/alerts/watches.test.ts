import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { highErrorRate, jobsFailed, lowDisk, taskFailed } from './watches.ts'

const minuteMs = 60_000

test('a twentieth of the answers of five minutes is too many errors, of at least twenty answers', async () => {
  const clock = turnedClock(1000)
  const counts = { total: 500, failed: 400 }
  const watch = highErrorRate({ requests: () => counts, rate: 0.05, host: 'a', clock })
  async function after(total: number, failed: number): Promise<string | undefined> {
    clock.turn(minuteMs)
    counts.total += total
    counts.failed += failed
    return (await watch.look())[0]?.summary
  }
  assert.deepEqual(await watch.look(), [], 'what was before the first look')
  assert.equal(await after(19, 19), undefined, 'too few')
  assert.equal(await after(1, 0), '19 of 20 requests (95 %) failed on a in five minutes.')
  assert.equal(await after(380, 0), undefined, '19 of 400')
  assert.equal(await after(0, 1), '20 of 400 requests (5 %) failed on a in five minutes.')
  assert.match((await after(0, 0)) ?? '', /^20 of 400/)
  assert.equal(await after(0, 0), undefined, 'the first minute is no longer among the five')
  await after(100, 100)
  assert.equal((await watch.look())[0]?.key, 'high-error-rate:a')
})

test('a disk with less left than the setting asks for is told with both figures', async t => {
  const folder = await temporaryFolder(t)
  assert.deepEqual(await lowDisk({ folder, minFreeBytes: 1, host: 'a' }).look(), [])
  const [finding] = await lowDisk({ folder, minFreeBytes: 2 ** 52, host: 'a' }).look()
  assert.match(finding?.summary ?? '', /^The disk of a has [\d,]+ MB left, less than 4,503,599,627 MB\.$/)
  assert.equal(finding?.severity, 'critical')
  const [other] = await lowDisk({ folder, minFreeBytes: 2 ** 52, host: 'b' }).look()
  assert.notEqual(finding?.key, other?.key, 'the disks of two machines are two troubles')
  await assert.rejects(lowDisk({ folder: `${folder}/none`, minFreeBytes: 1, host: 'a' }).look())
})

test('jobs given up in the last hour are one trouble, counted by kind', async () => {
  const clock = turnedClock(10 * 3_600_000)
  const asked: Date[] = []
  let kinds = [
    { kind: 'batch', count: 2 },
    { kind: 'model', count: 1 },
  ]
  const failedJobs = async (since: Date) => {
    asked.push(since)
    return kinds
  }
  const watch = jobsFailed({ failedJobs, clock })
  const [finding] = await watch.look()
  assert.equal(finding?.summary, '3 jobs were given up in the last hour.')
  assert.deepEqual(finding?.details, { count: 3, kinds: { batch: 2, model: 1 } })
  assert.deepEqual(asked, [new Date(9 * 3_600_000)])
  kinds = []
  assert.deepEqual(await watch.look(), [])
})

test('each task whose last run failed is a trouble of its own', async () => {
  const failed = ['prices', 'rates'].map(task => ({ task, runId: 'r', error: 'The provider answered 500.' }))
  const found = await taskFailed(async () => failed).look()
  assert.deepEqual(
    found.map(({ key, summary }) => [key, summary]),
    [
      ['task-failed:prices', 'The task prices failed: The provider answered 500.'],
      ['task-failed:rates', 'The task rates failed: The provider answered 500.'],
    ],
  )
})
