import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { inferForm } from './forms.ts'
import { type Generator, startGenerator } from './generator.ts'
import type { Live, LiveCase } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'
import { prepareWorkload } from './workloads.ts'

const pollEveryMs = 3
const connections = 16

/** How long `/api/v1/live` takes while the server does the heaviest things it does. */
export async function measureLive(bench: Bench, generator: Generator): Promise<Live> {
  const { models, rounds, quick } = bench
  const forecast = await prepareWorkload({
    name: 'forecast',
    path: models.forecast,
    input: 'history',
    output: 'quantiles',
    shape: [1, 60, 24],
    count: 64,
  })
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'live'), { CACHE_MODEL_TTL: '86400' })
  started.defer(house.stop)
  const cases: LiveCase[] = []

  async function watch(during: string, work: () => Promise<unknown>): Promise<void> {
    bench.say(`live: ${during}`)
    const begin = performance.now()
    const report = await generator.pollDuring(
      { port: house.port, path: '/api/v1/live', everyMs: pollEveryMs },
      work,
    )
    cases.push({ during, tookMs: performance.now() - begin, ...report })
  }

  await watch('nothing else', () => new Promise(resolve => setTimeout(resolve, bench.windowMs)))
  await watch('a 300 MB model is uploaded, checked and loaded', () => house.push(models.large, 'large'))
  await watch(`a 300 MB model is loaded, ${rounds} times`, async () => {
    for (let round = 0; round < rounds; round++) {
      await house.client.inference.unload('large')
      await house.client.inference.load('large')
    }
  })
  await house.client.inference.unload('large')

  await house.push(models.forecast, 'forecast')
  const second = startGenerator()
  started.defer(async () => second.close())
  second.pool('forecast', inferForm(forecast, house.key, { binary: false }).requests)
  await watch(`the forecasting model is saturated by ${connections} connections`, () =>
    second.load({
      port: house.port,

      pool: 'forecast',
      connections,
      warmUpMs: 0,
      windowMs: quick ? 1500 : 6000,
    }),
  )
  return { modelBytes: statSync(models.large).size, cases }
}
