import type { AgentTool, AgentToolOf } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { OpenedTool, Tool, Toolbox } from '../tool.ts'

/** Makes the tools of one kind, with the rights of the run's caller. @throws Problem when it is not there, or not for them. */
export type ToolOpener<Type extends AgentTool['type']> = (
  caller: Caller,
  spec: AgentToolOf<Type>,
) => OpenedTool | readonly OpenedTool[] | Promise<OpenedTool | readonly OpenedTool[]>

/** One for each kind of tool that an agent can have. */
export type ToolOpeners = { readonly [Type in AgentTool['type']]: ToolOpener<Type> }

const mostNameLetters = 64
/** Providers take no more. */
const mostTools = 128
const heavyTimeoutMs = 15 * 60_000

export function createToolbox(openers: ToolOpeners): Toolbox {
  async function open<Type extends AgentTool['type']>(
    caller: Caller,
    spec: AgentToolOf<Type> & { type: Type },
  ): Promise<Tool[]> {
    const opener: ToolOpener<Type> = openers[spec.type]
    const opened = await opener(caller, spec)
    return [opened].flat().map(tool => asWished(tool, spec))
  }

  return async (config, caller) => {
    // What strangers call their tools comes last, so that it never takes the name of another.
    const specs = config.tools.toSorted((one, other) => strangeness(one) - strangeness(other))
    const tools = (await Promise.all(specs.map(spec => open(caller, spec)))).flat()
    const taken = new Set<string>()
    return tools.slice(0, mostTools).map(tool => ({ ...tool, name: freeName(tool.name, taken) }))
  }
}

/** Names that begin with one of the agent's own are less a stranger's. */
function strangeness({ type, name }: AgentTool): number {
  if (type !== 'mcp') return 0
  return name === undefined ? 2 : 1
}

/** With what the agent says of every kind of tool. */
function asWished(tool: OpenedTool, spec: AgentTool): Tool {
  const { approval = false, heavy = false, price = tool.price ?? 0, timeout_seconds } = spec
  const isHeavy = heavy || tool.isHeavy === true
  const ownMs = isHeavy ? Math.max(heavyTimeoutMs, tool.timeoutMs) : tool.timeoutMs
  return {
    ...tool,
    isHeavy,
    needsApproval: approval || tool.needsApproval === true,
    price,
    timeoutMs: timeout_seconds === undefined ? ownMs : timeout_seconds * 1000,
  }
}

/** Providers take `[A-Za-z0-9_-]{1,64}`, each once. */
function freeName(wanted: string, taken: Set<string>): string {
  const base = wanted.replaceAll(/[^A-Za-z0-9_-]/g, '_') || 'tool'
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `_${count}`
    const name = `${base.slice(0, mostNameLetters - suffix.length)}${suffix}`
    if (taken.has(name)) continue
    taken.add(name)
    return name
  }
}
