import { type AgentToolOf, isProblem, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { AgentLookup, AgentTarget } from '../../agents/agent.ts'
import type { Runs, RunView } from '../run.ts'
import type { OpenedTool, ToolContext } from '../tool.ts'
import { derivedId } from './derived-id.ts'
import { needScope } from './need-scope.ts'

const timeoutMs = 5 * 60_000
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const agentArguments = z.object({ message: z.string() })

/**
 * Another agent: it is asked in a run of its own, which the same caller pays, and what it answers is told. The same call
 * made again finds the run that it began.
 * @throws Problem `agent-not-found`, `forbidden` without the scope `agents`.
 */
export async function agentTool(
  dependencies: {
    agents: Pick<AgentLookup, 'runnable'>
    runs: () => Pick<Runs, 'start' | 'get' | 'finished' | 'cancel'>
  },
  caller: Caller,
  { agent, name, description }: AgentToolOf<'agent'>,
): Promise<OpenedTool> {
  needScope(caller, 'agents', `the agent ${agent}`)
  const target: AgentTarget = uuid.test(agent) ? { id: agent.toLowerCase() } : { slug: agent }
  const found = await dependencies.agents.runnable(caller, target)
  return {
    name: name ?? found.agent.slug,
    description:
      description ?? `Asks the agent ${found.agent.name}. ${found.agent.description ?? ''}`.trimEnd(),
    parameters: {
      type: 'object',
      properties: {
        message: {
          type: 'string',
          description: 'What to ask or tell it. It knows nothing of this conversation but what stands here.',
        },
      },
      required: ['message'],
      additionalProperties: false,
    },
    // It has no limit of time, so that whoever waits for it must have none.
    isHeavy: found.config.is_heavy,
    isRepeatable: true,
    timeoutMs,
    async call(args, context) {
      const { message } = agentArguments.parse(args)
      return answerOf(await ask(dependencies.runs(), caller, found.agent.id, message, context))
    },
  }
}

async function ask(
  runs: Pick<Runs, 'start' | 'get' | 'finished' | 'cancel'>,
  caller: Caller,
  agentId: string,
  message: string,
  { signal, idempotencyKey, run }: ToolContext,
): Promise<RunView> {
  const id = derivedId('agent-tool', idempotencyKey)
  if (!(await known(runs, caller, id)))
    await runs.start(caller, {
      id,
      agentId,
      messages: [{ role: 'user', content: message }],
      parent: { id: run.id, depth: run.depth },
    })
  try {
    return await runs.finished(caller, id, signal)
  } catch (error) {
    if (goesOnElsewhere(signal, error)) throw error
    await runs.cancel(caller, id).catch(() => {})
    throw error
  }
}

async function known(runs: Pick<Runs, 'get'>, caller: Caller, id: string): Promise<boolean> {
  try {
    await runs.get(caller, id)
    return true
  } catch (error) {
    if (isProblem(error) && error.code === 'run-not-found') return false
    throw error
  }
}

/** The call will be made again, and finds its run. */
function goesOnElsewhere({ aborted, reason }: AbortSignal, error: unknown): boolean {
  if (aborted) return reason === 'handed-back' || reason === 'lost'
  return isProblem(error) && error.code === 'shutting-down'
}

/** Text for the model that asked. @throws Problem for a run that gave none. */
function answerOf({ id, status, output, error, stopped }: RunView): string {
  if (status === 'waiting')
    throw new Problem('conflict', `The agent waits until a person has approved something in its run ${id}.`)
  if (status !== 'done')
    throw new Problem('conflict', `The agent gave no answer: ${error?.detail ?? 'its run was cancelled.'}`)
  const note = stopped === 'answered' ? '' : `\n[It stopped at its limit of ${stopped}.]`
  return `${output ?? ''}${note}`
}
