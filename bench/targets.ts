import {
  type AgentRow,
  type Cell,
  credentialNames,
  creditNames,
  type FileRow,
  fileServerNames,
  llmServerNames,
  type Results,
  serverNames,
  speedAgainst,
} from './results.ts'

/** What we want a run to show. `measured` is undefined when that part was not run or did not count. */
export type TargetResult = {
  what: string
  wanted: string
  measured: number | undefined
  unit: string
  reached: boolean
}

type Target = {
  what: string
  atMost?: number
  atLeast?: number
  unit: string
  measure(results: Results): number | undefined
}

const article = { apiKey: 'an API key', token: 'a Supabase token', session: 'a session' }

const targets: readonly Target[] = [
  {
    what: 'Small MLP, 64 connections: CPU per request against the floor',
    atMost: 1.6,
    unit: 'x',
    measure: results => ratio(cpu(results, serverNames.infer, 64), cpu(results, serverNames.httpFloor, 64)),
  },
  {
    what: 'Small MLP, 64 connections: CPU per request less than FastAPI + onnxruntime',
    atLeast: 4,
    unit: 'x',
    measure: results => ratio(cpu(results, serverNames.fastapi, 64), cpu(results, serverNames.infer, 64)),
  },
  {
    what: 'Small MLP, 1 connection: CPU per request less than FastAPI + onnxruntime',
    atLeast: 1.5,
    unit: 'x',
    measure: results => ratio(cpu(results, serverNames.fastapi, 1), cpu(results, serverNames.infer, 1)),
  },
  ...(['apiKey', 'token', 'session'] as const).map(name => ({
    what: `Small MLP, 64 connections: CPU per request with ${article[name]} against the service-role key`,
    atMost: 1.15,
    unit: 'x',
    measure: ({ credentials }: Results) =>
      ratio(
        cpuOf(credentials?.cells, credentialNames[name]),
        cpuOf(credentials?.cells, credentialNames.service),
      ),
  })),
  {
    what: 'Hold + settle pairs per second on one account, 64 connections',
    atLeast: 500,
    unit: '/s',
    measure: ({ credits }) => rate(credits?.cells, creditNames.paid),
  },
  {
    what: 'Dense 12 MB model, 64 connections, binary: rows/s with batching against without',
    atLeast: 3,
    unit: 'x',
    measure: ({ batching }) =>
      ratio(rate(batching?.cells, 'binary, batching'), rate(batching?.cells, 'binary, no batching')),
  },
  {
    what: '`/api/v1/live` p99 while a 300 MB model loads',
    atMost: 20,
    unit: ' ms',
    measure: results => worstLive(results, '300 MB'),
  },
  {
    what: '`/api/v1/live` p99 while a heavy model is saturated',
    atMost: 20,
    unit: ' ms',
    measure: results => worstLive(results, 'saturated'),
  },
  {
    what: 'Image tensor 1x3x224x224: binary faster than JSON, inference excluded',
    atLeast: 10,
    unit: 'x',
    measure: ({ binary }) => ratio(withoutModel(binary, 'JSON, 4 decimals'), withoutModel(binary, 'binary')),
  },
  {
    what: 'Later cold start to ready, sample model loaded',
    atMost: 1.5,
    unit: ' s',
    measure: ({ start }) => start && Math.max(start.later.healthMs, start.later.sampleMs) / 1000,
  },
  {
    what: 'Resident memory of everything with its Postgres, sample model loaded (PSS)',
    atMost: 300,
    unit: ' MB',
    measure: ({ memory }) => memory?.moments[0] && memory.moments[0].pssBytes / 1e6,
  },
  {
    what: 'Report of four pages, warm: CPU of all processes',
    atMost: 150,
    unit: ' ms',
    measure: ({ reports }) => (reports?.pages === 4 ? reports.cpuMs : undefined),
  },
  {
    what: 'Console, warm server: first page usable',
    atMost: 1500,
    unit: ' ms',
    measure: results => results.console?.loads[0]?.usableMs,
  },
  {
    what: 'Console: scripts of the first page, gzip',
    atMost: 200,
    unit: ' kB',
    measure: results => results.console && (results.console.loads[0]?.scriptBytes ?? 0) / 1000,
  },
  {
    what: 'Console: longest task with 10,000 rows listed',
    atMost: 100,
    unit: ' ms',
    measure: ({ console: measured }) =>
      measured && Math.max(measured.rows.loadingBlockedMs, measured.rows.scrollingBlockedMs),
  },
  {
    what: 'Job, idle: p50 from its row to its beginning',
    atMost: 15,
    unit: ' ms',
    measure: ({ jobs }) => jobs?.startP50Ms,
  },
  {
    what: 'Job, idle: p99 from its row to its beginning',
    atMost: 100,
    unit: ' ms',
    measure: ({ jobs }) => jobs?.startP99Ms,
  },
  {
    what: 'Small jobs through one worker process beside Postgres',
    atLeast: 1000,
    unit: '/s',
    measure: ({ jobs }) => (jobs?.failed === 0 ? jobs.jobsPerSecond : undefined),
  },
  {
    what: 'Download of a private file of 100 MB: bytes/s against plain Node',
    atLeast: 0.7,
    unit: 'x',
    measure: results => fileSpeed(results, 'download'),
  },
  {
    what: 'Upload of a file of 100 MB, hashed: bytes/s against plain Node with fsync',
    atLeast: 0.7,
    unit: 'x',
    measure: results => fileSpeed(results, 'upload'),
  },
  {
    what: '50 files of 20 MB out, then in, at once: peak of resident memory above that at rest',
    atMost: 100,
    unit: ' MB',
    measure: results => memoryOfFiles(results),
  },
  {
    what: 'Check of a signed link: CPU',
    atMost: 50,
    unit: ' µs',
    measure: ({ files }) => files?.links.cpuMicros,
  },
  {
    what: 'Batch of 1,000,000 rows, small MLP: rows/s against one by one over 8 connections',
    atLeast: 20,
    unit: 'x',
    measure: ({ batches }) =>
      batches?.failed === 0 ? batches.rowsPerSecond / batches.oneByOnePerSecond : undefined,
  },
  {
    what: 'Batch of 1,000,000 rows: growth of memory',
    atMost: 100,
    unit: ' MB',
    measure: ({ batches }) => (batches?.failed === 0 ? batches.grownBytes / 1e6 : undefined),
  },
  ...(['model', 'agent'] as const).map(name => ({
    what: `${llmServerNames[name]}, idle: added time to first token, p99`,
    atMost: 5,
    unit: ' ms',
    measure: (results: Results) => agentRow(results, name)?.addedP99Ms,
  })),
  {
    what: `${llmServerNames.model}, idle: added time of an answer that is not streamed, p50`,
    atMost: 1,
    unit: ' ms',
    measure: results => agentRow(results, 'model')?.wholeAddedP50Ms ?? undefined,
  },
  {
    what: `${llmServerNames.agent}, 256 streams: CPU of the server's process per chunk against parsing and sending anew`,
    atMost: 1.5,
    unit: 'x',
    measure: results => chunkCpu(results, 'agent', 'parse'),
  },
  {
    what: `${llmServerNames.agent}, 256 streams: CPU of the server's process per chunk against the AI SDK's streamText`,
    atMost: 0.25,
    unit: 'x',
    measure: results => chunkCpu(results, 'agent', 'sdkText'),
  },
  {
    what: `${llmServerNames.agent}, 256 streams: longest time in which one of them stood still`,
    atMost: 200,
    unit: ' ms',
    measure: results => agentRow(results, 'agent')?.longestStallMs,
  },
  {
    what: '1,000 followers of runs in which nothing happens: growth of memory',
    atMost: 150,
    unit: ' MB',
    measure: ({ agents }) =>
      agents?.followers.failed === 0
        ? (agents.followers.afterBytes - agents.followers.beforeBytes) / 1e6
        : undefined,
  },
]

export function judge(results: Results): TargetResult[] {
  return targets.map(({ what, atMost, atLeast, unit, measure }) => {
    const measured = measure(results)
    const reached =
      measured !== undefined && measured <= (atMost ?? Number.POSITIVE_INFINITY) && measured >= (atLeast ?? 0)
    return {
      what,
      wanted: atMost === undefined ? `>= ${atLeast}${unit}` : `<= ${atMost}${unit}`,
      measured,
      unit,
      reached,
    }
  })
}

function cpu({ throughput }: Results, server: string, connections: number): number | undefined {
  return counted(
    throughput?.cells.find(
      cell => cell.model === 'mlp' && cell.server === server && cell.connections === connections,
    ),
  )?.cpuMicros
}

function cpuOf(cells: readonly Cell[] | undefined, server: string): number | undefined {
  return counted(cells?.find(cell => cell.server === server))?.cpuMicros
}

function rate(cells: readonly Cell[] | undefined, server: string): number | undefined {
  return counted(cells?.find(cell => cell.server === server))?.requestsPerSecond
}

function counted(cell: Cell | undefined): Cell | undefined {
  return cell?.failed === 0 ? cell : undefined
}

function worstLive({ live }: Results, during: string): number | undefined {
  const cases = live?.cases.filter(one => one.during.includes(during)) ?? []
  return cases.length > 0 && cases.every(one => one.failed === 0)
    ? Math.max(...cases.map(one => one.p99Ms))
    : undefined
}

function withoutModel(binary: Results['binary'], form: string): number | undefined {
  const row = binary?.failed === 0 ? binary.rows.find(one => one.form === form) : undefined
  return row && row.roundTripMs - row.modelMs
}

function fileSpeed({ files }: Results, way: FileRow['way']): number | undefined {
  return files && speedAgainst(files, way, fileServerNames.plain)
}

function memoryOfFiles({ files }: Results): number | undefined {
  const row = files?.memory.rows.find(one => one.server === fileServerNames.house && one.failed === 0)
  return row && (Math.max(row.downloadPeakBytes, row.uploadPeakBytes) - row.beforeBytes) / 1e6
}

function agentRow({ agents }: Results, name: keyof typeof llmServerNames): AgentRow | undefined {
  return agents?.rows.find(row => row.server === llmServerNames[name] && row.failed === 0)
}

function chunkCpu(
  results: Results,
  name: keyof typeof llmServerNames,
  other: keyof typeof llmServerNames,
): number | undefined {
  return ratio(agentRow(results, name)?.chunkCpuMicros, agentRow(results, other)?.chunkCpuMicros)
}

function ratio(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined ? undefined : above / below
}
