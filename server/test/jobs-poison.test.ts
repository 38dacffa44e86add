import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '../src/testing/test-database.ts'
import { startJobWorkers } from './job-workers.ts'
import { onLinux } from './processes.ts'

const aloneMs = 15_000
/** More than end while nobody looks. */
const waiting = 150

test(
  'a job that brings its process down three times fails with the reason; in all that time nine tenths of the usual number of others end, and all of them in the end',
  onLinux,
  async t => {
    const { appUrl } = await testDatabase(t)
    const { told, office, workers, allDone } = await startJobWorkers(t, appUrl, {
      count: 6,
      // Jobs that mostly wait: what else the machine does changes their rate little.
      env: { JOB_CONCURRENCY: '3', STEP_MS: '750' },
    })
    let added = 0

    /** Jobs that end each second until the condition holds, while there are always enough of them. */
    async function rate(isOver: () => boolean | Promise<boolean>): Promise<number> {
      const [startedAt, before] = [performance.now(), await office.count('done')]
      let done = before
      do {
        const missing = done + waiting - added
        if (missing > 0) added += (await office.add('effects', missing)).length
        await sleep(250)
        done = await office.count('done')
        assert.ok(done < added, 'there is always work')
      } while (!(await isOver()))
      return (done - before) / ((performance.now() - startedAt) / 1000)
    }
    function rateFor(ms: number): Promise<number> {
      const until = performance.now() + ms
      return rate(() => performance.now() >= until)
    }

    await rateFor(3000)
    const before = await rateFor(aloneMs)
    const [poison = ''] = await office.add('poison')
    const limit = performance.now() + 180_000
    const beside = await rate(async () => {
      assert.ok(performance.now() < limit, `${await office.unfinished()}\n${workers.output()}`)
      return (await office.get(poison)).status === 'failed'
    })
    const after = await rateFor(aloneMs)

    const job = await office.get(poison)
    assert.equal(job.error?.code, 'job-crashed')
    assert.match(job.error?.detail ?? '', /3 times/)
    assert.deepEqual(
      workers.exits,
      Array.from({ length: 3 }, () => ({ code: null, signal: 'SIGABRT' })),
      workers.output(),
    )
    assert.equal(told.filter(({ event }) => event === 'start').length, 3, workers.output())
    await allDone(added)
    assert.equal(await office.count('failed'), 1)
    // The lesser of the two: what the machine does beside it is no fault of the poison.
    const rates = `alone ${before.toFixed(2)} and ${after.toFixed(2)}, beside ${beside.toFixed(2)} jobs/s`
    t.diagnostic(rates)
    assert.ok(beside >= 0.9 * Math.min(before, after), rates)
  },
)
