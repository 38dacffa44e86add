import { agentsPart } from './agents-page.ts'
import { filesPart } from './files-page.ts'
import { digits, table, whole } from './markdown.ts'
import { type Cell, credentialNames, type Results, serverNames } from './results.ts'
import { judge } from './targets.ts'

const models = ['mlp', 'dense', 'forecast']

/** The page `docs/performance.md`: the targets, the table, the rest, and how it was measured. */
export function writePage(results: Results): string {
  const { machine } = results
  return [
    '# Performance',
    '',
    `Measured on ${results.date} by \`npm run bench\`${results.quick ? ' (quick: one short round, for a first look only)' : ''}, everything side by side in one run: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}. Node ${machine.node}, onnxruntime-node ${machine.onnxruntime}, Postgres package ${machine.postgres}. Peer: ${machine.python}.`,
    '',
    'The load generator ran on the same cores as the servers, so requests per second are less than a machine of its own would give. Compare rows of one table; CPU per request is the steadiest of the figures.',
    ...targetsPart(results),
    ...throughputPart(results),
    ...credentialsPart(results),
    ...creditsPart(results),
    ...batchingPart(results),
    ...binaryPart(results),
    ...livePart(results),
    ...startPart(results),
    ...memoryPart(results),
    ...reportsPart(results),
    ...consolePart(results),
    ...jobsPart(results),
    ...filesPart(results),
    ...batchesPart(results),
    ...agentsPart(results),
    '',
  ].join('\n')
}

function targetsPart(results: Results): string[] {
  const rows = judge(results).map(({ what, wanted, measured, unit, reached }) => [
    what,
    wanted,
    measured === undefined ? 'not measured' : `${digits(measured)}${unit}`,
    measured === undefined ? '' : reached ? 'reached' : '**missed**',
  ])
  return ['', '## Targets', '', ...table(['Target', 'Wanted', 'Measured', ''], rows)]
}

function throughputPart({ throughput }: Results): string[] {
  if (!throughput) return []
  const { cells, raw, rounds, windowMs, historyDropped } = throughput
  const rows = models.flatMap(model => [
    ...Object.values(serverNames).flatMap(server =>
      cells
        .filter(cell => cell.model === model && cell.server === server)
        .map(cell => throughputRow(cell, cells)),
    ),
    ...raw
      .filter(cell => cell.model === model)
      .map(cell => [
        model,
        `onnxruntime in process, batch ${cell.batch} (limit)`,
        '',
        whole(cell.rowsPerSecond),
        digits(cell.callMs),
        '',
        whole(cell.cpuMicrosPerRow),
        '',
        '',
      ]),
  ])
  return [
    '',
    '## Requests per second, latency, CPU',
    '',
    ...table(
      [
        'Model',
        'Server',
        'Connections',
        'Requests/s',
        'p50 ms',
        'p99 ms',
        'CPU µs/request',
        'of the floor',
        'of FastAPI',
      ],
      rows,
    ),
    '',
    `Median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${windowMs / 1000} s, in shuffled order. Each request has one row with numbers of its own; ${whole(cells.reduce((sum, cell) => sum + cell.checked, 0))} answers were compared with raw onnxruntime. CPU is user and system time of all processes of a server, for ours with its Postgres, until it was at rest again with its history written. \`mlp\` is 30-64-2 (9 KB), \`dense\` three layers of 1000 x 1000 (12 MB), \`forecast\` two LSTM layers and attention over 60 x 24 values (12 MB).`,
    '',
    `- **Floor**: \`node:http\` that parses the body with \`JSON.parse\` and prints an answer of the same size with \`JSON.stringify\`: no routing, key, checks, log or inference.`,
    `- **Roundhouse**: the compiled command as npm start runs it, with its defaults: key, limits, checks of every tensor, one log line per request, metrics, and the history in Postgres with its default ceiling of 100 predictions a second, which these loads are above. Other rows show it without the ceiling (${whole(historyDropped)} predictions lost because the database was slower than the load) and off.`,
    "- **FastAPI**: one uvicorn process with uvloop and httptools, typed pydantic bodies, `async` handlers that call `session.run`, uvicorn's access log; no key, history, metrics or batching (`bench/fastapi`).",
    '- **onnxruntime in process**: `session.run` in a loop, batch 1 and the batch of 8, 32 or 128 with most rows/s; per row, latency per call.',
  ]
}

function throughputRow(cell: Cell, cells: readonly Cell[]): string[] {
  const peer = (server: string) => {
    const other = cells.find(
      one => one.server === server && one.model === cell.model && one.connections === cell.connections,
    )
    return other && other !== cell && other.failed === 0 && cell.failed === 0
      ? `${digits(cell.cpuMicros / other.cpuMicros)}x`
      : ''
  }
  return [
    cell.model,
    cell.server,
    String(cell.connections),
    ...figuresOf(cell),
    peer(serverNames.httpFloor),
    peer(serverNames.fastapi),
  ]
}

/** How many a second, p50 and p99 in ms, and what one costs in CPU. */
function figuresOf(cell: Cell): string[] {
  return [
    cell.failed === 0 ? whole(cell.requestsPerSecond) : `**${cell.failed} failed**`,
    digits(cell.p50Ms),
    digits(cell.p99Ms),
    whole(cell.cpuMicros),
  ]
}

function credentialsPart({ credentials }: Results): string[] {
  if (!credentials) return []
  const service = credentials.cells.find(cell => cell.server === credentialNames.service)
  const rows = credentials.cells.map(cell => [
    cell.server,
    ...figuresOf(cell),
    service && service !== cell ? `${(cell.cpuMicros / service.cpuMicros).toFixed(2)}x` : '',
  ])
  return [
    '',
    '## What a credential costs',
    '',
    ...table(
      [
        '`mlp`, 64 connections',
        'Requests/s',
        'p50 ms',
        'p99 ms',
        'CPU µs/request',
        'of the service-role key',
      ],
      rows,
    ),
    '',
    'All but the service-role key belong to users of a plan whose limits are counted, and told in the headers of every answer.',
  ]
}

function creditsPart({ credits }: Results): string[] {
  if (!credits) return []
  const rows = credits.cells.map(cell => [cell.server, ...figuresOf(cell)])
  return [
    '',
    '## What paying costs',
    '',
    ...table(['`mlp`, 64 connections', 'Requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request'], rows),
    '',
    'One user, so one account: each paid request is a hold and its settlement, both on disk before the answer.',
  ]
}

function batchingPart({ batching }: Results): string[] {
  if (!batching) return []
  const rows = batching.cells.map(cell => [cell.server, ...figuresOf(cell)])
  return [
    '',
    '## Batching',
    '',
    ...table(['`dense`, 64 connections', 'Rows/s', 'p50 ms', 'p99 ms', 'CPU µs/row'], rows),
    '',
    'Without batching: the same weights in a file whose first dimension is 1, so that requests cannot be joined.',
  ]
}

function binaryPart({ binary }: Results): string[] {
  if (!binary) return []
  const rows = binary.rows.map(({ form, bodyBytes, roundTripMs, modelMs }) => [
    form,
    whole(bodyBytes),
    digits(roundTripMs),
    digits(modelMs),
    digits(roundTripMs - modelMs),
  ])
  return [
    '',
    '## Binary tensors against JSON',
    '',
    ...table(
      ['1x3x224x224 FP32', 'Request bytes', 'Round trip p50 ms', 'in the model ms', 'without it ms'],
      rows,
    ),
    '',
    'One connection, a model that takes the mean of each colour.',
  ]
}

function livePart({ live }: Results): string[] {
  if (!live) return []
  const rows = live.cases.map(one => [
    one.during,
    digits(one.tookMs / 1000),
    String(one.polls),
    digits(one.p50Ms),
    digits(one.p99Ms),
    digits(one.maxMs),
    String(one.failed),
  ])
  return [
    '',
    '## `/api/v1/live` under stress',
    '',
    ...table(['While', 'for s', 'Polls', 'p50 ms', 'p99 ms', 'max ms', 'Failed'], rows),
  ]
}

function startPart({ start }: Results): string[] {
  if (!start) return []
  const rows = [
    ['First run, empty folder', digits(start.first.healthMs / 1000), digits(start.first.sampleMs / 1000)],
    [
      `Later runs, median of ${start.laterRuns}`,
      digits(start.later.healthMs / 1000),
      digits(start.later.sampleMs / 1000),
    ],
  ]
  return [
    '',
    '## Cold start',
    '',
    ...table(['From spawning the command', '`/health` answers 200, s', 'sample model ready, s'], rows),
  ]
}

function memoryPart({ memory }: Results): string[] {
  if (!memory) return []
  const rows = memory.moments.map(one => [
    one.when,
    whole(one.pssBytes / 1e6),
    whole(one.rssBytes / 1e6),
    String(one.processes),
  ])
  return [
    '',
    '## Memory',
    '',
    ...table(['Server and Postgres', 'PSS MB', 'sum of RSS MB', 'Processes'], rows),
    '',
    'PSS counts a page that several processes share once; the sum of RSS counts it once for each of them.',
  ]
}

function reportsPart({ reports }: Results): string[] {
  if (!reports) return []
  const { pages, sizeBytes, count, cpuMs, p50Ms, maxMs } = reports
  return [
    '',
    '## Reports',
    '',
    ...table(
      ['Report', 'CPU ms', 'p50 ms', 'max ms', 'KB'],
      [[`forecast, ${pages} pages`, digits(cpuMs), digits(p50Ms), digits(maxMs), whole(sizeBytes / 1e3)]],
    ),
    '',
    `Mean CPU and durations of ${count} reports, one after the other, each with data of its own, from the request to the stored file.`,
  ]
}

function consolePart({ console: measured }: Results): string[] {
  if (!measured) return []
  const { loads, rows } = measured
  const floor = loads.at(-1)?.usableMs ?? 0
  return [
    '',
    '## Console',
    '',
    ...table(
      ['Page', 'First paint ms', 'Usable ms', 'of the page without framework', 'Again ms', 'Scripts kB gzip'],
      loads.map(({ page, usableMs, againMs, paintMs, scriptBytes }) => [
        page,
        whole(paintMs),
        whole(usableMs),
        `${digits(usableMs / floor)}x`,
        whole(againMs),
        digits(scriptBytes / 1000),
      ]),
    ),
    '',
    `Medians in Chromium on the machine of the server, with an empty cache, and again with its cache; usable is a page with its heading when nothing is loading any more. With ${whole(rows.count)} rows listed, ${whole(rows.inPage)} of them in the page, the longest task was ${whole(rows.loadingBlockedMs)} ms while they came and ${whole(rows.scrollingBlockedMs)} ms while they were scrolled (0: none took 50 ms).`,
  ]
}

function batchesPart({ batches }: Results): string[] {
  if (!batches) return []
  const { rows, seconds, workSeconds, rowsPerSecond, oneByOnePerSecond, grownBytes, failed } = batches
  return [
    '',
    '## Batches',
    '',
    ...table(
      ['Rows', 'Upload to end, s', 'Of it at work, s', 'Rows/s', 'One by one, rows/s', 'Memory grown by, MB'],
      [
        failed > 0
          ? [whole(rows), `**${failed} failed**`, '', '', '', '']
          : [
              whole(rows),
              digits(seconds),
              digits(workSeconds),
              whole(rowsPerSecond),
              whole(oneByOnePerSecond),
              whole(grownBytes / 1e6),
            ],
      ],
    ),
    '',
    'A CSV file of rows of the small MLP, 30 numbers each, as one batch; beside it predictions by HTTP over 8 connections. Memory is of the process of the server, above what it had before.',
  ]
}

function jobsPart({ jobs }: Results): string[] {
  if (!jobs) return []
  const { idleJobs, startP50Ms, startP99Ms, jobs: count, jobsPerSecond, cpuMicros, failed } = jobs
  const rate = failed === 0 ? whole(jobsPerSecond) : `**${failed} failed**`
  return [
    '',
    '## Jobs',
    '',
    ...table(
      ['Row to beginning, p50 ms', 'p99 ms', 'Jobs/s', 'CPU µs/job'],
      [[digits(startP50Ms), digits(startP99Ms), rate, whole(cpuMicros)]],
    ),
    '',
    `Predictions of the small MLP as jobs. The times of ${idleJobs}, one after the other, while nothing else is done; the rate of ${count.toLocaleString('en')} that wait, worked off by one process that does nothing else.`,
  ]
}
