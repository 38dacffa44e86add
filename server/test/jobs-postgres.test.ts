import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installQueue } from '../src/adapters/pg-boss/install.ts'
import { startEmbeddedPostgres } from '../src/adapters/postgres/embedded.ts'
import { migrate } from '../src/adapters/postgres/migrate.ts'
import { silentLog } from '../src/kit/log.ts'
import { migrationsFolder } from '../src/start/paths.ts'
import { defer } from '../src/testing/defer.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { startJobWorkers } from './job-workers.ts'
import { onLinux, signal, until } from './processes.ts'

test(
  '1,000 jobs end exactly while the database restarts every 5 s, it costs no job an attempt, and no process ends',
  onLinux,
  async t => {
    const postgres = await startEmbeddedPostgres({ dataDir: await temporaryFolder(t), log: silentLog })
    defer(t, () => postgres.stop())
    const { adminUrl, appUrl } = postgres
    await migrate({ url: adminUrl, folder: migrationsFolder, install: installQueue, log: silentLog })
    const { told, office, workers, allDone } = await startJobWorkers(t, appUrl, {
      count: 2,
      env: { JOB_CONCURRENCY: '4', STEP_MS: '100', LOG_LEVEL: 'error' },
    })
    let restarts = 0
    // As after a power cut: nobody is told, nothing is finished.
    const crashing = setInterval(() => {
      if (signal(postgres.pid, 'SIGQUIT')) restarts += 1
    }, 5000)
    defer(t, () => clearInterval(crashing))
    const [query = ''] = await office.add('query')
    const ids = await office.add('effects', 1000)
    const begunOf = (id: string) => told.filter(({ job }) => job === id).length
    await until(
      'most are done, and one began more often than it may fail',
      async () => ((await office.count('done')) >= 900 && begunOf(query) > 2) || restarts >= 12,
      90_000,
    )
    clearInterval(crashing)
    await allDone(1001, 90_000)
    assert.ok(restarts >= 3, `${restarts} restarts`)
    assert.ok(begunOf(query) > 2, `begun ${begunOf(query)} times`)
    assert.equal((await office.get(query)).attempt, 1)
    const keys = new Set(told.flatMap(({ key }) => key ?? []))
    assert.deepEqual([...keys].sort(), ids.flatMap(id => [`${id}:first`, `${id}:second`]).sort())
    assert.deepEqual(workers.exits, [], workers.output())
  },
)
