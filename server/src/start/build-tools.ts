import type { AgentLookup } from '../agents/agent.ts'
import type { Clock } from '../kit/clock.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import type { Serving } from '../models/serving.ts'
import type { McpClient } from '../ports/mcp-client.ts'
import type { Outbound } from '../ports/outbound.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { Runs } from '../runs/run.ts'
import type { Toolbox } from '../runs/tool.ts'
import { agentTool } from '../runs/tools/agent.ts'
import { httpTool } from '../runs/tools/http.ts'
import { knowledgeTool } from '../runs/tools/knowledge.ts'
import { mcpTools } from '../runs/tools/mcp.ts'
import { createMcpLists } from '../runs/tools/mcp-lists.ts'
import { modelTool } from '../runs/tools/model.ts'
import { timeTool } from '../runs/tools/time.ts'
import { createToolbox } from '../runs/tools/toolbox.ts'
import type { Secrets } from '../settings/secrets.ts'
import { type HouseToolRooms, houseTools } from './house-tools.ts'

export type ToolRooms = HouseToolRooms & {
  serving: Pick<Serving, 'row'>
  predictions: Pick<Predictions, 'find' | 'predict'>
  codec: Pick<TensorCodec, 'encodeNamed'>
  outbound: Pick<Outbound, 'fetch'>
  mcp: McpClient
  secrets: Pick<Secrets, 'revealFor'>
  knowledge: Pick<Knowledge, 'collections' | 'search'>
  clock: Clock
}

/** What agents can call: one line for each kind. */
export function buildTools(
  rooms: ToolRooms & {
    agents: Pick<AgentLookup, 'runnable'>
    /** Made later than this, since they need the tools. */
    runs: () => Runs
  },
): Toolbox {
  const { mcp, secrets } = rooms
  const lists = createMcpLists({ ...rooms, client: mcp })
  return createToolbox({
    model: (caller, spec) => modelTool(rooms, caller, spec),
    time: (_caller, spec) => timeTool(rooms.clock, spec),
    agent: (caller, spec) => agentTool(rooms, caller, spec),
    ...houseTools(rooms),
    http: (_caller, spec) => httpTool(rooms, spec),
    mcp: (_caller, spec) => mcpTools({ client: mcp, lists, secrets }, spec),
    knowledge: (caller, spec) => knowledgeTool(rooms, caller, spec),
  })
}
