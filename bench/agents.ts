import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { shuffled, untilQuiet } from './cells.ts'
import { measureFollowers } from './followers.ts'
import type { Generator } from './generator.ts'
import { type Script, textOf, wordOf } from './llm-script.ts'
import { type LlmServer, startLlmServers } from './llm-servers.ts'
import { cpuSecondsOf, ownCpuSecondsOf } from './proc.ts'
import { type AgentRow, type AgentsResult, llmServerNames, median, percentile } from './results.ts'
import type { StreamsOrder, StreamsReport } from './streams.ts'

/** As OpenAI's small models are: a token each 20 ms. */
const paced = { chunks: 64, everyMs: 20 }
const atOnce: Script = { chunks: 64, everyMs: 0 }
/** Begins and ends: what a stream costs beside its chunks. */
const shortest: Script = { chunks: 1, everyMs: 0 }
const idle: Script = { chunks: 2, everyMs: 5 }
const scripts = [paced, atOnce, shortest, idle]

const lanes = 256
const warmUpLanes = 16
const starts = { lanes: 32, perLane: 16 }

/** What one round saw of one server. */
type Round = {
  idle: StreamsReport
  whole: StreamsReport | undefined
  start: Spent
  paced: Spent
}
type Spent = { report: StreamsReport; ownCpuSeconds: number; treeCpuSeconds: number }

/** Streams of a scripted model through ours and through others, side by side. */
export async function measureAgents(bench: Bench, generator: Generator): Promise<AgentsResult> {
  const idleCount = bench.quick ? 100 : 300
  const perLane = bench.quick ? 2 : 3
  const limitMs = 60_000
  const streams = (server: LlmServer, script: Script, change: Partial<StreamsOrder>) =>
    generator.streams({
      port: server.port,
      request: server.stream(script),
      form: server.form,
      text: textOf(script),
      firstWord: wordOf(0).trim(),
      lanes: 1,
      perLane: 1,
      spreadMs: 0,
      pauseMs: 0,
      limitMs,
      ...change,
    })
  const wholes = async (server: LlmServer, change: Partial<StreamsOrder>) =>
    server.whole &&
    (await streams(server, atOnce, { ...change, request: server.whole(atOnce), form: 'json' }))

  async function spent(pid: number, work: () => Promise<StreamsReport>): Promise<Spent> {
    await untilQuiet(pid)
    const [own, tree] = [ownCpuSecondsOf(pid), cpuSecondsOf(pid)]
    const report = await work()
    await untilQuiet(pid)
    return { report, ownCpuSeconds: ownCpuSecondsOf(pid) - own, treeCpuSeconds: cpuSecondsOf(pid) - tree }
  }

  bench.say('agents: starting the servers')
  await using started = await startLlmServers(join(bench.folder, 'agents'), scripts)
  const notMeasured = [...started.notMeasured]
  const servers: LlmServer[] = []
  for (const server of started.servers) {
    bench.say(`agents: warming up ${server.name}`)
    const first = await streams(server, idle, {})
    if (first.failed > 0) {
      const why = (first.failure ?? '').replaceAll(/\s+/g, ' ').slice(0, 300)
      notMeasured.push({ server: server.name, why: `It did not answer as it should: ${why}` })
      continue
    }
    const warm = { lanes: warmUpLanes, perLane: 1_000_000 }
    await wholes(server, { ...warm, limitMs: bench.jitMs / 4 })
    await streams(server, atOnce, { ...warm, limitMs: bench.jitMs / 2 })
    await streams(server, paced, { lanes, spreadMs: 500 })
    servers.push(server)
  }

  const rounds = new Map(servers.map(server => [server, [] as Round[]]))
  for (let round = 1; round <= bench.rounds; round++) {
    for (const server of shuffled(servers)) {
      bench.say(`agents: round ${round}/${bench.rounds}, ${server.name}`)
      const { pid } = server
      await untilQuiet(pid)
      const alone = { perLane: idleCount, pauseMs: 5 }
      rounds.get(server)?.push({
        idle: await streams(server, idle, alone),
        whole: await wholes(server, alone),
        start: await spent(pid, () => streams(server, shortest, starts)),
        paced: await spent(pid, () =>
          streams(server, paced, { lanes, perLane, spreadMs: paced.chunks * paced.everyMs }),
        ),
      })
    }
  }

  const [direct = []] = servers.flatMap(server =>
    server.name === llmServerNames.direct ? [rounds.get(server) ?? []] : [],
  )
  const followers = await measureFollowers(bench, generator)
  return {
    rounds: bench.rounds,
    streams: lanes,
    ...paced,
    perLane,
    idleCount,
    rows: servers.map(server => rowOf(server, rounds.get(server) ?? [], direct)),
    notMeasured,
    peers: started.versions,
    followers,
  }
}

/** What it adds is compared with the model itself, asked in the same round. */
function rowOf({ name }: LlmServer, rounds: readonly Round[], direct: readonly Round[]): AgentRow {
  const of = (value: (round: Round) => number) => median(rounds.map(value))
  const added = (value: (round: Round) => number) =>
    median(rounds.map((round, at) => value(round) - (direct[at] ? value(direct[at]) : Number.NaN)))
  const firstToken = (share: number) => (round: Round) => percentile(round.idle.firstTokenMs, share)
  const whole = (round: Round) => percentile(round.whole?.wholeMs ?? [], 0.5)
  const perChunk = (round: Round, seconds: number) =>
    (seconds * 1e6) / (round.paced.report.answers * paced.chunks)
  const perStart = ({ start }: Round, seconds: number) => (seconds * 1e6) / start.report.answers
  const reports = rounds.flatMap(round => [
    round.idle,
    ...(round.whole ? [round.whole] : []),
    round.start.report,
    round.paced.report,
  ])
  return {
    server: name,
    firstTokenP50Ms: of(firstToken(0.5)),
    firstTokenP99Ms: of(firstToken(0.99)),
    addedP50Ms: added(firstToken(0.5)),
    addedP99Ms: added(firstToken(0.99)),
    wholeP50Ms: rounds.some(round => round.whole) ? of(whole) : null,
    wholeAddedP50Ms: rounds.some(round => round.whole) ? added(whole) : null,
    chunkCpuMicros: of(round => perChunk(round, round.paced.ownCpuSeconds)),
    chunkTreeCpuMicros: of(round => perChunk(round, round.paced.treeCpuSeconds)),
    startCpuMicros: of(round => perStart(round, round.start.ownCpuSeconds)),
    startTreeCpuMicros: of(round => perStart(round, round.start.treeCpuSeconds)),
    framesPerChunk: of(({ paced: { report } }) => report.frames / (report.answers * paced.chunks)),
    longestStallMs: Math.max(...rounds.map(round => round.paced.report.longestStallMs)),
    answers: reports.reduce((sum, report) => sum + report.answers, 0),
    failed: reports.reduce((sum, report) => sum + report.failed, 0),
    failure: reports.find(report => report.failure !== undefined)?.failure ?? null,
  }
}
