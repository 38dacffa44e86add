import type { AgentTool } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Serving } from '../../models/serving.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import type { Predictions } from '../../predictions/predictions.ts'
import type { Tool, Toolbox } from '../tool.ts'
import { modelTool } from './tools/model.ts'
import { timeTool } from './tools/time.ts'

export type ToolDependencies = {
  readonly serving: Pick<Serving, 'row'>
  readonly predictions: Pick<Predictions, 'find' | 'predict'>
  readonly codec: Pick<TensorCodec, 'encodeNamed'>
  readonly clock: Clock
}

const mostNameLetters = 64

export function createToolbox(dependencies: ToolDependencies): Toolbox {
  function open(tool: AgentTool, caller: Caller): Tool | Promise<Tool> {
    return tool.type === 'model' ? modelTool(dependencies, caller, tool) : timeTool(dependencies.clock, tool)
  }

  return async (config, caller) => {
    const tools = await Promise.all(config.tools.map(tool => open(tool, caller)))
    const taken = new Set<string>()
    return tools.map(tool => ({ ...tool, name: freeName(tool.name, taken) }))
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
