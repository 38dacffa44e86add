/** Everything one run measured; written as JSON beside the page. */
export type Results = {
  date: string
  machine: Machine
  quick: boolean
  throughput?: Throughput
  credentials?: Credentials
  credits?: Credits
  batching?: Batching
  binary?: Binary
  live?: Live
  start?: ColdStart
  memory?: Memory
  reports?: ReportsResult
  jobs?: JobsResult
  files?: Files
  batches?: BatchesResult
  agents?: AgentsResult
  console?: ConsoleResult
}

export type Machine = {
  processor: string
  cores: number
  memoryGiB: number
  system: string
  node: string
  onnxruntime: string
  postgres: string
  python: string
}

/** The median of the rounds. */
export type Cell = {
  model: string
  server: string
  connections: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  cpuMicros: number
  /** Answers that were not 2xx, or not what raw onnxruntime says, in all rounds. Not 0: the cell does not count. */
  failed: number
  checked: number
}

export type RawCell = {
  model: string
  batch: number
  rowsPerSecond: number
  cpuMicrosPerRow: number
  callMs: number
}

export type Throughput = {
  rounds: number
  windowMs: number
  cells: Cell[]
  raw: RawCell[]
  /** Predictions that the history lost because the database was slower than the load. */
  historyDropped: number
}

export type Batching = { cells: Cell[] }

export type Credentials = { cells: Cell[] }

export type Credits = { cells: Cell[] }

export type Binary = {
  rows: { form: string; bodyBytes: number; roundTripMs: number; modelMs: number }[]
  failed: number
}

export type LiveCase = {
  during: string
  tookMs: number
  polls: number
  failed: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}
export type Live = { modelBytes: number; cases: LiveCase[] }

export type ColdStart = {
  /** From spawning the command, in milliseconds: the first 200 of /health, and the sample model answering as ready. */
  first: { healthMs: number; sampleMs: number }
  later: { healthMs: number; sampleMs: number }
  laterRuns: number
}

export type Memory = { moments: { when: string; rssBytes: number; pssBytes: number; processes: number }[] }

export type ReportsResult = {
  pages: number
  sizeBytes: number
  count: number
  /** Of one report, of all processes of the server. */
  cpuMs: number
  p50Ms: number
  maxMs: number
}

export type BatchesResult = {
  rows: number
  /** From the start of the upload to the end of the job; `workSeconds` from its beginning. */
  seconds: number
  workSeconds: number
  rowsPerSecond: number
  /** Predictions by HTTP, over 8 connections. */
  oneByOnePerSecond: number
  /** Memory of the server's process above that at rest. */
  grownBytes: number
  /** Rows and requests that were not answered as raw onnxruntime does. Not 0: nothing counts. */
  failed: number
}

export type JobsResult = {
  idleJobs: number
  /** From the row of a job to its beginning. */
  startP50Ms: number
  startP99Ms: number
  jobs: number
  jobsPerSecond: number
  /** Of a job, of all processes of the worker, Postgres included. */
  cpuMicros: number
  /** Jobs that did not end as they should. Not 0: the rate does not count. */
  failed: number
}

/** One server in one direction, one file after the other. `bytesPerSecond` is of each round; compare round by round. */
export type FileRow = {
  way: 'download' | 'upload'
  server: string
  bytesPerSecond: number[]
  /** Of one file, of all processes of the server; the median of the rounds. */
  cpuSeconds: number
  /** Not 0: the row does not count. */
  failed: number
}

export type FileMemory = {
  sizeBytes: number
  connections: number
  /** Resident memory of the process that serves, without its Postgres. */
  rows: {
    server: string
    beforeBytes: number
    downloadPeakBytes: number
    uploadPeakBytes: number
    afterBytes: number
    failed: number
  }[]
}

export type LinkChecks = { rounds: number; checksPerRound: number; cpuMicros: number }

export type Files = {
  sizeBytes: number
  rounds: number
  rows: FileRow[]
  /** Downloads that were compared with what had been sent. */
  checked: number
  /** SHA-256 of one file and nothing else. */
  hashCpuSeconds: number
  memory: FileMemory
  links: LinkChecks
}

/** One server before the scripted model. Times and costs are the median over the rounds, the stall the worst of all. */
export type AgentRow = {
  server: string
  firstTokenP50Ms: number
  firstTokenP99Ms: number
  /** Above the model itself. */
  addedP50Ms: number
  addedP99Ms: number
  /** Of an answer that is not streamed; null where there is none. */
  wholeP50Ms: number | null
  wholeAddedP50Ms: number | null
  /** Of the paced streams, with their beginning and end: of the server's process, and of all below it too. */
  chunkCpuMicros: number
  chunkTreeCpuMicros: number
  /** Of a stream of one chunk. */
  startCpuMicros: number
  startTreeCpuMicros: number
  /** Events with text that reached the reader, for each chunk of the model. */
  framesPerChunk: number
  longestStallMs: number
  answers: number
  /** Answers that were not what the model had said. Not 0: the row does not count. */
  failed: number
  failure: string | null
}

/** Readers of runs in which nothing happens. Resident memory is of the server's process. */
export type Followers = {
  count: number
  runs: number
  beforeBytes: number
  afterBytes: number
  failed: number
}

export type AgentsResult = {
  rounds: number
  streams: number
  chunks: number
  everyMs: number
  perLane: number
  idleCount: number
  rows: AgentRow[]
  notMeasured: { server: string; why: string }[]
  peers: string
  followers: Followers
}

export const serverNames = {
  httpFloor: 'node:http without inference (floor)',
  fastifyFloor: 'Fastify without inference',
  infer: 'Roundhouse /v2 infer',
  inferBinary: 'Roundhouse /v2 infer, binary',
  predict: 'Roundhouse /api/v1 predict',
  inferAllRecorded: 'Roundhouse /v2 infer, every prediction recorded',
  inferNoHistory: 'Roundhouse /v2 infer, history off',
  inferBinaryNoHistory: 'Roundhouse /v2 infer, binary, history off',
  fastapi: 'FastAPI + onnxruntime',
} as const

export const credentialNames = {
  service: 'service-role key',
  apiKey: 'API key',
  token: 'Supabase token',
  session: 'session',
} as const

export const creditNames = {
  free: 'a model without a price',
  paid: 'a model with a price',
} as const

export const llmServerNames = {
  direct: 'the scripted model itself',
  pipe: 'node:http, bytes passed on',
  parse: 'node:http, parsed and sent anew',
  model: 'Roundhouse /v1/chat/completions',
  agent: 'Roundhouse agent run, stored',
  sdkText: 'AI SDK streamText, bare text',
  sdkEvents: 'AI SDK streamText, UI events',
  portkey: 'Portkey gateway',
} as const

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const fileServerNames = {
  house: 'Roundhouse',
  plain: 'plain Node',
  unsynced: 'plain Node, no fsync',
} as const

/** How fast ours is beside another, the median over the rounds. Undefined when one of them does not count. */
export function speedAgainst(files: Files, way: FileRow['way'], other: string): number | undefined {
  const row = (server: string) =>
    files.rows.find(one => one.way === way && one.server === server && one.failed === 0)
  const peer = row(other)
  const ours = row(fileServerNames.house)
  if (!peer || !ours) return undefined
  return median(ours.bytesPerSecond.map((rate, round) => rate / (peer.bytesPerSecond[round] ?? Number.NaN)))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Medians; `againMs` with the browser's cache. `scriptBytes` as gzip makes them. */
export type PageLoad = {
  page: string
  usableMs: number
  againMs: number
  paintMs: number
  scriptBytes: number
}

export type ConsoleResult = {
  loads: PageLoad[]
  /** `inPage` of the `count` rows are elements of the page; 0 ms means that nothing took 50 ms. */
  rows: { count: number; inPage: number; loadingBlockedMs: number; scrollingBlockedMs: number }
}
