import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '../src/testing/test-database.ts'
import { startJobWorkers } from './job-workers.ts'
import { onLinux, until } from './processes.ts'

test(
  'kill -9 of random workers during 500 jobs loses none, and each finished step happened once',
  onLinux,
  async t => {
    const { appUrl } = await testDatabase(t)
    const { told, office, workers, allDone } = await startJobWorkers(t, appUrl, {
      count: 3,
      env: { JOB_CONCURRENCY: '4', STEP_MS: '100' },
    })
    const ids = await office.add('effects', 500)
    let kills = 0
    const deadline = performance.now() + 60_000
    while (performance.now() < deadline && kills < 8 && (await office.count('done')) < 480) {
      await sleep(500 + Math.random() * 1500)
      const alive = workers.ready()
      if (alive[Math.floor(Math.random() * alive.length)]?.kill('SIGKILL')) kills += 1
    }
    assert.ok(kills >= 3, `${kills} workers were killed while there was work:\n${workers.output()}`)
    await allDone(500)
    const keys = told.flatMap(({ key }) => key ?? [])
    const wanted = ids.flatMap(id => [`${id}:first`, `${id}:second`])
    // An effect whose process died before it could be noted comes again, under the same key.
    assert.deepEqual([...new Set(keys)].sort(), wanted.sort())
    const again = keys.length - wanted.length
    assert.ok(
      again <= kills * 4,
      `${again} effects came again after ${kills} kills of workers with 4 jobs each`,
    )
    for (const id of ids) assert.equal((await office.get(id)).error, null)
  },
)

test(
  'a worker that is told to stop hands its jobs to another within 2 s, and the attempt does not count',
  onLinux,
  async t => {
    const { appUrl } = await testDatabase(t)
    const { told, office, workers } = await startJobWorkers(t, appUrl, {
      count: 2,
      env: { JOB_CONCURRENCY: '2' },
    })
    const ids = await office.add('long', 2)
    const startsOf = (id: string) => told.filter(({ job }) => job === id)
    await until('both jobs have begun', () => ids.every(id => startsOf(id).length === 1))
    const first = startsOf(ids[0] ?? '')[0]?.pid
    const given = ids.filter(id => startsOf(id)[0]?.pid === first)
    workers.dontReplace()
    const stopped = performance.now()
    assert.ok(
      workers
        .ready()
        .find(({ pid }) => pid === first)
        ?.kill('SIGTERM'),
    )
    await until('they begin elsewhere', () => given.every(id => startsOf(id).length === 2))
    for (const id of given) {
      const again = startsOf(id)[1]
      assert.notEqual(again?.pid, first)
      assert.ok((again?.at ?? 0) - stopped <= 2000, `${(again?.at ?? 0) - stopped} ms`)
      const job = await office.get(id)
      assert.deepEqual([job.status, job.attempt, job.takeovers], ['running', 1, 0])
    }
    await until('the process ends', () => workers.exits.length === 1)
    assert.deepEqual(workers.exits, [{ code: 0, signal: null }])
  },
)

test(
  'a job that gets on between the ends of its processes is never given up: killed four times, it is done',
  onLinux,
  async t => {
    const { appUrl } = await testDatabase(t)
    const { told, office, workers } = await startJobWorkers(t, appUrl, { count: 2 })
    const [id = ''] = await office.add('parts')
    const kills = ['part-2', 'part-4', 'part-6', 'part-8']
    for (const part of kills) {
      const beginnings = () => told.filter(({ key }) => key === `${id}:${part}`)
      await until(`${part} has begun`, () => beginnings().length > 0, 60_000)
      const pid = beginnings()[0]?.pid
      assert.ok(
        workers
          .ready()
          .find(child => child.pid === pid)
          ?.kill('SIGKILL'),
      )
      await until('the process is gone', () => workers.ready().every(child => child.pid !== pid))
      // The living beat again before anybody looks.
      await office.missBeats()
    }
    await until('the job has ended', async () => (await office.get(id)).finished_at !== null, 60_000)
    const job = await office.get(id)
    assert.deepEqual([job.status, job.error, job.takeovers], ['done', null, kills.length])
    assert.equal(workers.exits.length, kills.length, workers.output())
    // What was kept was not done again.
    for (const part of ['part-1', 'part-3', 'part-5', 'part-7', 'part-9'])
      assert.equal(told.filter(({ key }) => key === `${id}:${part}`).length, 1, part)
  },
)

test('four long jobs of a worker that is killed all begin again within 35 s', onLinux, async t => {
  const { appUrl } = await testDatabase(t)
  const { told, office, workers } = await startJobWorkers(t, appUrl, {
    count: 1,
    env: { JOB_CONCURRENCY: '4' },
  })
  const ids = await office.add('long', 4)
  const startsOf = (id: string) => told.filter(({ job }) => job === id)
  await until('all have begun', () => ids.every(id => startsOf(id).length === 1))
  const killed = performance.now()
  assert.ok(workers.ready()[0]?.kill('SIGKILL'))
  await until('all begin again', () => ids.every(id => startsOf(id).length === 2), 45_000)
  for (const id of ids) {
    const again = (startsOf(id)[1]?.at ?? 0) - killed
    assert.ok(again <= 35_000, `${again} ms`)
    const job = await office.get(id)
    assert.deepEqual([job.status, job.attempt], ['running', 2])
  }
})
