import { type CreateChatCompletion, isProblem, Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../../accounts/caller.ts'
import type { AgentLookup } from '../../agents/agent.ts'
import type { Run, RunStop, Runs } from '../../runs/run.ts'
import { openDataStream } from '../data-stream.ts'
import { type AnswerPart, answerOf, assertDone } from '../run-answer/answer.ts'
import { type AgentModel, agentMessages } from './agent-request.ts'
import { frame, lastFrame } from './frames.ts'
import { openAiBody, retryHeader } from './problems.ts'

type Rooms = { runs: Runs; agents: AgentLookup }
type Call = {
  readonly caller: Caller
  readonly agent: AgentModel
  readonly body: CreateChatCompletion
  /** Of the reader. */
  readonly signal: AbortSignal
}

/**
 * A run of the agent, as one answer. Its client cannot come back for it, so that the run ends with them. Nor is it asked
 * again by the client itself, which takes conflicts and failures for passing: each time would be a run that is paid.
 */
export async function completeWithAgent(
  { runs, agents }: Rooms,
  call: Call,
  reply: FastifyReply,
): Promise<string> {
  const { caller, body, signal } = call
  const run = await startRun({ runs, agents }, call)
  reply.header(retryHeader, 'false')
  const view = await runs.finished(caller, run.id, signal).catch(async error => {
    await cancel(runs, caller, run.id)
    throw error
  })
  const { output, stopped, usage } = assertDone(view)
  reply.removeHeader(retryHeader)
  return JSON.stringify({
    ...headOf(run, body.model),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: output, refusal: null },
        logprobs: null,
        finish_reason: finishReason(stopped),
      },
    ],
    usage: usageBody({ input_tokens: usage.inputTokens, output_tokens: usage.outputTokens }),
  })
}

/** A run of the agent, its text as chunks. What its tools do is not shown. */
export async function streamFromAgent(
  { runs, agents }: Rooms,
  call: Call,
  { reply, told }: { reply: FastifyReply; told: (error: unknown) => Problem },
): Promise<void> {
  const { caller, body, signal } = call
  const run = await startRun({ runs, agents }, call)
  const wantsUsage = body.stream_options?.include_usage === true
  const head = {
    ...headOf(run, body.model),
    object: 'chat.completion.chunk',
    usage: wantsUsage ? null : undefined,
  }
  const stream = openDataStream(reply)
  const chunk = (delta: object, finish_reason: string | null = null) =>
    frame({ ...head, choices: [{ index: 0, delta, finish_reason }] })

  function framesOf(part: AnswerPart): string {
    if (part.type === 'reasoning') return chunk({ reasoning_content: part.text })
    if (part.type === 'text') {
      if (part.isOther) {
        goesOn = true
        throw begunAnew(run.id)
      }
      return chunk({ content: part.text })
    }
    const usage = { ...head, choices: [], usage: usageBody(part.usage) }
    return chunk({}, finishReason(part.stopped)) + (wantsUsage ? frame(usage) : '') + lastFrame
  }

  /** Without this client, who is told so. */
  let goesOn = false
  let hasEnded = false
  try {
    void stream.write(chunk({ role: 'assistant', content: '' }))
    for await (const parts of answerOf(runs, caller, run.id, signal)) {
      const isTaken = stream.write(parts.map(framesOf).join(''))
      if (isTaken) await isTaken
      hasEnded = parts.at(-1)?.type === 'end'
    }
  } catch (error) {
    goesOn ||= isWaiting(error)
    if (!reply.raw.destroyed) void stream.write(frame(openAiBody(told(error))))
  } finally {
    // A server that stops waits until its answers have ended.
    if (!hasEnded && !goesOn) await cancel(runs, caller, run.id)
    stream.end()
  }
}

async function startRun({ runs, agents }: Rooms, { caller, agent, body }: Call): Promise<Run> {
  const messages = agentMessages(body)
  const { slug, version } = agent
  const found = await agents.runnable(caller, { slug }, version)
  return runs.start(caller, { agentId: found.agent.id, version, messages, isAwaited: true })
}

/** For a person. So are those that were cancelled, with which nothing happens any more. */
function isWaiting(error: unknown): boolean {
  return isProblem(error) && error.code === 'conflict'
}

/** When that is not possible now it goes on to its end, as those do that are read elsewhere. */
async function cancel(runs: Runs, caller: Caller, runId: string): Promise<void> {
  await runs.cancel(caller, runId).catch(() => {})
}

function headOf(run: Run, model: string): { id: string; created: number; model: string } {
  return { id: `chatcmpl-${run.id}`, created: Math.floor(run.createdAt.getTime() / 1000), model }
}

function finishReason(stopped: RunStop | null): 'stop' | 'length' {
  return stopped === null || stopped === 'answered' ? 'stop' : 'length'
}

function usageBody({ input_tokens, output_tokens }: { input_tokens: number; output_tokens: number }): object {
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
  }
}

function begunAnew(runId: string): Problem {
  return new Problem(
    'provider-failed',
    `The answer broke off and was begun anew in other words, which this format cannot tell. GET /api/v1/runs/${runId} has it.`,
  )
}
