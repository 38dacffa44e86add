import type { Accounts } from '../accounts/accounts.ts'
import type { Limits } from '../accounts/limits.ts'
import { createMcpClient } from '../adapters/mcp/client.ts'
import { type Agents, createAgents } from '../agents/agents.ts'
import type { Changes } from '../changes/changes.ts'
import type { Credits } from '../credits/credits.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { ProviderRoom } from '../providers/providers.ts'
import type { Gateway } from '../runs/gateway/gateway.ts'
import { assertGuardrails } from '../runs/guards/rule.ts'
import { assertSchema } from '../runs/loop/schema.ts'
import type { Runs } from '../runs/run.ts'
import type { Secrets } from '../settings/secrets.ts'
import type { BuiltJobs } from './build-jobs.ts'
import { buildProviders } from './build-providers.ts'
import { type BuiltRuns, buildRuns } from './build-runs.ts'
import { buildTools, type ToolRooms } from './build-tools.ts'
import type { Ground } from './choose.ts'
import type { Chores } from './chores.ts'
import type { Config } from './settings.ts'

export type BuiltAgents = {
  /** What the doors call. */
  doors: { providers: ProviderRoom; agents: Agents; runs: Runs; gateway: Gateway }
  sweeps: Readonly<Record<string, () => Promise<void>>>
  open(chores: Chores): Promise<void>
  /** Runs go to other processes: those that somebody here waits for after `graceMs`, the others at once. */
  stop(graceMs: number): Promise<void>
  close(): Promise<void>
}

/** Agents, and what they need to answer: providers of language models, tools, and runs here and on workers. */
export function buildAgents(
  config: Config,
  ground: Ground,
  background: BuiltJobs,
  rooms: Omit<ToolRooms, 'appSql' | 'outbound' | 'mcp'> & {
    secrets: Secrets
    accounts: Pick<Accounts, 'owner'>
    credits: Credits
    limits: Limits
    /** Made later than this, from what is built here. */
    metrics: () => Pick<Metrics, 'runBegin' | 'runEnd' | 'runEvents' | 'guardrailAct' | 'gatewayCall'>
    changes: Pick<Changes, 'tell'>
    clock: Clock
    ids: Ids
    log: Log
  },
): BuiltAgents {
  const providers = buildProviders(config, ground, rooms)
  const { queries = [], tools = [] } = rooms.declarations
  const agents = createAgents({
    ...rooms,
    ...ground,
    checkSchema: assertSchema,
    checkGuardrails: assertGuardrails,
    declared: { queries: queries.map(({ name }) => name), tools: tools.map(({ name }) => name) },
  })
  const { appSql, outbound } = ground
  const mcp = createMcpClient({ outbound, clock: rooms.clock })
  const toolbox = buildTools({ ...rooms, appSql, outbound, mcp, agents, runs: () => runs })
  const { runs, gateway, ...room }: BuiltRuns = buildRuns(config, ground, background, {
    ...rooms,
    agents,
    providers,
    toolbox,
  })
  return {
    doors: { providers, agents, runs, gateway },
    sweeps: { 'run-sweep': room.sweep, 'gateway-sweep': gateway.sweep },
    async open(chores) {
      await providers.open()
      room.open()
      room.startChores(chores)
    },
    stop: room.stop,
    async close() {
      await room.stop(0)
      await room.close()
      await mcp.close()
      agents.close()
      await providers.close()
    },
  }
}
