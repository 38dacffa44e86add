import { join, resolve } from 'node:path'
import type { Bench } from './bench.ts'
import { measureCells, type Target } from './cells.ts'
import { fastapiForm, floorForm, inferForm, predictForm } from './forms.ts'
import type { Generator } from './generator.ts'
import { runProgram } from './processes.ts'
import { median, type RawCell, serverNames, type Throughput } from './results.ts'
import { startFastApi } from './servers/fastapi.ts'
import { startFloor } from './servers/floors.ts'
import type { RawRow } from './servers/raw.ts'
import { type Roundhouse, startRoundhouse } from './servers/roundhouse.ts'
import { prepareWorkload, type Workload } from './workloads.ts'

const pool = 256

/** Requests per second, latency and CPU of every server, side by side. */
export async function measureThroughput(
  bench: Bench,
  generator: Generator,
): Promise<{ result: Throughput; python: string }> {
  const { models, folder } = bench
  const mlp = await prepareWorkload({
    name: 'mlp',
    path: models.mlp,
    input: 'x',
    output: 'y',
    shape: [1, 30],
    count: pool,
  })
  const dense = await prepareWorkload({
    name: 'dense',
    path: models.dense,
    input: 'x',
    output: 'y',
    shape: [1, 1000],
    count: pool,
  })
  const forecast = await prepareWorkload({
    name: 'forecast',
    path: models.forecast,
    input: 'history',
    output: 'quantiles',
    shape: [1, 60, 24],
    count: pool / 2,
  })
  const workloads = [mlp, dense, forecast]

  bench.say('starting the servers')
  await using started = new AsyncDisposableStack()
  const httpFloor = await startFloor('http-floor', folder, workloads)
  started.defer(httpFloor.started.stop)
  const fastifyFloor = await startFloor('fastify-floor', folder, workloads)
  started.defer(fastifyFloor.started.stop)
  const fastapi = await startFastApi(join(folder, 'fastapi.log'), models)
  started.defer(fastapi.started.stop)
  const house = await startRoundhouse(join(folder, 'house'))
  started.defer(house.stop)
  const bare = await startRoundhouse(join(folder, 'bare'), { PREDICTION_HISTORY: 'off' })
  started.defer(bare.stop)

  // Without the ceiling, so that the whole price of the history is on the page too.
  const recording = await startRoundhouse(join(folder, 'recording'), {
    PREDICTION_HISTORY_PER_SECOND: '1000000',
  })
  started.defer(recording.stop)

  const mlpId = await house.push(models.mlp, 'mlp')
  await house.push(models.dense, 'dense')
  await house.push(models.forecast, 'forecast')
  await bare.push(models.mlp, 'mlp')
  await recording.push(models.mlp, 'mlp')
  await bare.push(models.dense, 'dense')

  const everywhere = (workload: Workload): Target[] => [
    {
      server: serverNames.httpFloor,
      port: httpFloor.port,
      pid: httpFloor.started.pid,
      workload,
      form: floorForm(workload),
    },
    {
      server: serverNames.infer,
      ...house,
      workload,
      form: inferForm(workload, house.key, { binary: false }),
    },
    {
      server: serverNames.fastapi,
      port: fastapi.port,
      pid: fastapi.started.pid,
      workload,
      form: fastapiForm(workload),
    },
  ]
  const targets: Target[] = [
    ...workloads.flatMap(everywhere),
    {
      server: serverNames.fastifyFloor,
      port: fastifyFloor.port,
      pid: fastifyFloor.started.pid,
      workload: mlp,
      form: floorForm(mlp),
    },
    { server: serverNames.predict, ...house, workload: mlp, form: predictForm(mlp, house.key, mlpId) },
    {
      server: serverNames.inferAllRecorded,
      ...recording,
      workload: mlp,
      form: inferForm(mlp, recording.key, { binary: false }),
    },
    {
      server: serverNames.inferNoHistory,
      ...bare,
      workload: mlp,
      form: inferForm(mlp, bare.key, { binary: false }),
    },
    {
      server: serverNames.inferNoHistory,
      ...bare,
      workload: dense,
      form: inferForm(dense, bare.key, { binary: false }),
    },
    {
      server: serverNames.inferBinaryNoHistory,
      ...bare,
      workload: dense,
      form: inferForm(dense, bare.key, { binary: true }),
    },
    {
      server: serverNames.inferBinary,
      ...house,
      workload: dense,
      form: inferForm(dense, house.key, { binary: true }),
    },
  ]
  const cells = await measureCells(bench, generator, targets, [1, 8, 64])
  const raw = await measureRaw(bench, workloads)
  const historyDropped = await droppedOf(recording)
  const { rounds, windowMs } = bench
  return { result: { rounds, windowMs, cells, raw, historyDropped }, python: fastapi.versions }
}

async function measureRaw(bench: Bench, workloads: readonly Workload[]): Promise<RawCell[]> {
  const cells: RawCell[] = []
  for (const { name, path, input, shape } of workloads) {
    bench.say(`raw onnxruntime in process: ${name}`)
    const rounds: RawRow[][] = []
    for (let round = 0; round < bench.rounds; round++) {
      const args = [
        resolve(import.meta.dirname, 'servers/raw.ts'),
        path,
        input,
        JSON.stringify(shape),
        String(bench.windowMs / 4),
      ]
      rounds.push(JSON.parse(await runProgram(process.execPath, args)) as RawRow[])
    }
    const merged = (rounds[0] ?? []).map(({ batch }, index) => {
      const of = (value: (row: RawRow) => number) =>
        median(rounds.flatMap(rows => rows[index] ?? []).map(value))
      return {
        model: name,
        batch,
        rowsPerSecond: of(row => row.rowsPerSecond),
        cpuMicrosPerRow: of(row => row.cpuMicrosPerRow),
        callMs: of(row => row.callMs),
      }
    })
    const best = merged.reduce((left, right) => (right.rowsPerSecond > left.rowsPerSecond ? right : left))
    cells.push(...merged.filter(cell => cell.batch === 1 || cell === best))
  }
  return cells
}

async function droppedOf({ port, key }: Roundhouse): Promise<number> {
  const headers = { authorization: `Bearer ${key}` }
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text()
  return Number(/^roundhouse_history_dropped (\d+)/m.exec(text)?.[1] ?? Number.NaN)
}
