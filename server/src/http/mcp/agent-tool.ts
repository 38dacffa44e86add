import { createHash } from 'node:crypto'
import type { Tool } from '@modelcontextprotocol/server'
import { Problem, type RunEvent, runMessage } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { AgentSummary } from '../../agents/agent.ts'
import type { Runs, RunView } from '../../runs/run.ts'
import { assertDone } from '../run-answer/answer.ts'
import { followOn } from '../run-answer/follow-on.ts'
import { createRunText } from '../run-answer/text.ts'
import { answerIn, inputRequestOf, type Question, type WaitingSeal, waitingText } from './approvals.ts'
import { toldOf } from './told.ts'
import type { ToolAnswer, ToolCall } from './tool.ts'
import { describe, toolName } from './tool-names.ts'

const agentArguments = z.strictObject({
  message: runMessage.shape.content.min(1),
  thread_id: z.uuid({ error: 'The id of a thread is a UUID.' }).optional(),
})

/** An agent as a tool. What its own tools do is not known here, so nothing better is said of it. */
export function agentTool(agent: AgentSummary): Tool {
  return {
    name: toolName('agent', agent.slug),
    title: agent.name,
    description: describe(agent.description ?? `Asks the agent ${agent.name}.`, agent.published_price ?? 0),
    inputSchema: {
      type: 'object',
      properties: {
        message: { type: 'string', description: 'What the agent is asked, in words.', minLength: 1 },
        thread_id: {
          type: 'string',
          format: 'uuid',
          description: 'A UUID of your own choice; calls with the same one are one conversation.',
        },
      },
      required: ['message'],
      additionalProperties: false,
    },
    annotations: { title: agent.name, readOnlyHint: false, openWorldHint: true },
  }
}

/**
 * A run of the agent, told while it goes on. It ends with a client that cancels. A question to a person goes to the
 * client where that can ask them; the client then calls again, with the state it was given.
 */
export async function callAgent(
  { runs, waitingSeal }: { runs: Runs; waitingSeal: WaitingSeal },
  agent: AgentSummary,
  args: unknown,
  call: ToolCall,
): Promise<ToolAnswer> {
  const { caller, signal } = call
  const asked = agentArguments.parse(args)
  const request = digestOf(agent, asked)
  if (call.state && call.state.request !== request)
    throw new Problem(
      'conflict',
      'The requestState is one of another call: repeat the tool and its arguments.',
    )
  const { runId, lastSeq } = call.state ?? (await begin())
  try {
    for (const approvalId of call.state?.approvalIds ?? []) await answerQuestion(approvalId)
    return await follow()
  } catch (error) {
    // A client that is gone without having cancelled may still look for its run.
    if (call.isCancelled()) await runs.cancel(caller, runId).catch(() => {})
    throw error
  }

  async function begin(): Promise<{ runId: string; lastSeq: number }> {
    const messages = [{ role: 'user' as const, content: asked.message }]
    const { id } = await runs.start(caller, {
      agentId: agent.id,
      messages,
      threadId: asked.thread_id,
      isAwaited: true,
    })
    return { runId: id, lastSeq: 0 }
  }

  /** An answer twice is one, and another one than before is refused: so much the room of runs keeps. */
  async function answerQuestion(approvalId: string): Promise<void> {
    const answer = answerIn(call.inputResponses[approvalId])
    if (typeof answer === 'object') await runs.answer(caller, runId, approvalId, answer)
  }

  async function follow(): Promise<ToolAnswer> {
    const open = new Map<string, Question>()
    const said = createRunText()
    let seen = 0
    for await (const group of followOn(runs, caller, { id: runId, after: 0 }, signal)) {
      const { told, events } = toldOf(group, said)
      for (const news of told) if (news.seq > lastSeq) await call.tell(news)
      seen = group.at(-1)?.seq ?? seen
      for (const event of events) note(event, open)
      if (open.size === 0 || !events.some(({ type }) => type.startsWith('approval-'))) continue
      if ((await runs.get(caller, runId)).status === 'waiting') return ask([...open.values()], seen)
    }
    signal.throwIfAborted()
    const run = await runs.get(caller, runId)
    if (run.finishedAt === null) throw goesOn(runId)
    return answerOf(assertDone(run))
  }

  function ask(questions: readonly Question[], seen: number): ToolAnswer {
    const wasDismissed = questions.some(
      question => answerIn(call.inputResponses[question.approval_id]) === 'dismissed',
    )
    if (!call.canAsk || wasDismissed)
      return { content: [{ type: 'text', text: waitingText(runId, questions) }], _meta: metaOf(runId) }
    return {
      resultType: 'input_required',
      inputRequests: Object.fromEntries(
        questions.map(question => [question.approval_id, inputRequestOf(agent.name, question)]),
      ),
      requestState: waitingSeal.seal(caller, {
        request,
        runId,
        lastSeq: seen,
        approvalIds: questions.map(({ approval_id }) => approval_id),
      }),
    }
  }
}

/** What was asked of whom, however the client writes it. */
function digestOf({ id }: AgentSummary, { message, thread_id }: z.infer<typeof agentArguments>): string {
  const text = JSON.stringify([id, message, thread_id ?? null])
  return createHash('sha256').update(text).digest('base64url')
}

function goesOn(runId: string): Problem {
  return new Problem(
    'shutting-down',
    `This process is stopping and the run ${runId} goes on elsewhere: GET /api/v1/runs/${runId} will have its answer.`,
  )
}

function note(event: RunEvent, open: Map<string, Question>): void {
  if (event.type === 'approval-request') open.set(event.approval_id, event)
  if (event.type === 'approval-answer') open.delete(event.approval_id)
}

function answerOf({ id, output, stopped, threadId }: RunView): ToolAnswer {
  const limit =
    stopped === null || stopped === 'answered'
      ? []
      : [{ type: 'text' as const, text: `The agent went no further: its limit of ${stopped} was reached.` }]
  return { content: [{ type: 'text', text: output ?? '' }, ...limit], _meta: metaOf(id, threadId) }
}

function metaOf(runId: string, threadId: string | null = null): Record<string, unknown> {
  return { 'roundhouse/run_id': runId, ...(threadId === null ? {} : { 'roundhouse/thread_id': threadId }) }
}
