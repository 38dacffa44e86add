import type { RunEvent } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { RunGuards } from '../guards/guards.ts'
import type { Approval, RunOutcome, RunStep } from '../stream.ts'
import type { Tool } from '../tool.ts'
import { callTool, type ToolAnswer } from './call-tool.ts'
import { cutForModel } from './cut-for-model.ts'
import { isPaid, leftOf, stepBill } from './meter.ts'
import type { OpenCall, Progress } from './progress.ts'
import type { Purse } from './purse.ts'
import type { ReadArguments } from './tool-arguments.ts'

type Question = Extract<RunOutcome, { kind: 'waiting' }>['questions'][number]

/** Why the tools of a turn were not called. */
export type ToolHalt =
  | { readonly kind: 'waiting'; readonly questions: readonly Question[] }
  | { readonly kind: 'promote'; readonly reason: 'heavy-tool' }
  /** What the agent may spend does not pay for them. */
  | { readonly kind: 'unaffordable' }

/** What is to be done about a call. */
type Plan =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'ask'; readonly reason: Approval['reason'] }
  | { readonly kind: 'call'; readonly tool: Tool; readonly args: unknown; readonly approvalId: string | null }

/** What nobody has answered by then is denied. */
const approvalMs = 24 * 3600 * 1000

/**
 * Answers every open call of the model's last message, side by side; each is written down before it begins and when it has
 * ended. Where a person has to be asked, or a worker to take over, nothing is begun. Calls that have a price are paid when
 * they gave an answer.
 * @throws Problem `insufficient-credits`.
 */
export async function callTools(
  dependencies: {
    clock: Clock
    ids: Ids
    log: Log
    purse: Purse
    readArguments: ReadArguments
    guards: RunGuards | null
  },
  progress: Progress,
  tools: readonly Tool[],
  signal: AbortSignal,
): Promise<ToolHalt | null> {
  const { clock, ids, log, purse, readArguments, guards } = dependencies
  const { work } = progress
  const { run, caller } = work
  const step = progress.lastAnswer()?.step ?? 1
  const approvals = work.approvals.filter(approval => approval.step === step)
  const planned = await Promise.all(
    progress.openCalls().map(async open => ({ open, plan: await planOf(open) })),
  )

  const questions = planned.flatMap(({ open, plan }) => (plan.kind === 'ask' ? [ask(open, plan.reason)] : []))
  if (questions.length > 0) return { kind: 'waiting', questions }
  const isHeavy = planned.some(({ plan }) => plan.kind === 'call' && plan.tool.isHeavy)
  if (isHeavy && work.mode === 'inline') return { kind: 'promote', reason: 'heavy-tool' }

  const prices = planned.reduce((sum, { plan }) => sum + priceOf(plan), 0)
  if (prices > leftOf(run.config, progress.steps())) return { kind: 'unaffordable' }
  let n = progress.nextN()
  // Named as before where they were begun before.
  if (prices > 0) await purse.hold(stepBill(run, planned[0]?.open.begun?.n ?? n, prices))

  const begun = planned.map(({ open, plan }) => {
    const row: RunStep = { ...rowOf(open), n: open.begun?.n ?? n++ }
    return plan.kind === 'call'
      ? { open, plan, row: { ...row, attributes: { approval_id: plan.approvalId } } }
      : { open, plan, row: ended(row, { text: plan.kind === 'answer' ? plan.text : '', isError: true }) }
  })
  await progress.record(
    begun.flatMap(({ row }) => result(row)),
    begun.map(({ row }) => row),
  )
  let spent = 0
  await Promise.all(
    begun.map(async ({ open, plan, row }) => {
      if (plan.kind !== 'call') return
      const answer = await callTool({ clock, log }, plan.tool, plan.args, {
        caller,
        signal,
        idempotencyKey: `${run.id}:${step}:${open.place}`,
        run,
      })
      const price = !answer || answer.isError ? 0 : priceOf(plan)
      const done = answer ? await guarded(row, answer, price) : abandoned(row)
      if (!done) return
      spent += done.credits
      if (prices > 0) purse.spend(spent)
      await progress.record(result(done), [done])
    }),
  )
  return null

  function priceOf(plan: Plan): number {
    return plan.kind === 'call' && isPaid(run) ? plan.tool.price : 0
  }

  async function planOf({ call, begun }: OpenCall): Promise<Plan> {
    const tool = tools.find(({ name }) => name === call.function.name)
    if (!tool) return { kind: 'answer', text: unknownTool(call.function.name, tools) }
    const refusal = refusalOf(call.id)
    if (refusal !== undefined) return { kind: 'answer', text: `${refusal} The tool was not called.` }
    const read = await readArguments(tool, call.function.arguments)
    if ('fault' in read) return { kind: 'answer', text: read.fault }
    const answers = approvals.filter(({ callId, answer }) => callId === call.id && answer !== null)
    const denied = answers.find(({ answer }) => answer?.approved === false)
    if (denied) return { kind: 'answer', text: declined(denied) }
    if (begun && !tool.isRepeatable) {
      // A yes is for one time.
      const yes = answers.find(
        ({ id, reason }) => reason === 'interrupted' && id !== begun.attributes.approval_id,
      )
      if (!yes) return { kind: 'ask', reason: 'interrupted' }
      return { kind: 'call', tool, args: read.args, approvalId: yes.id }
    }
    const yes = answers.find(({ reason }) => reason === 'approval')
    if (tool.needsApproval && !yes && !begun) return { kind: 'ask', reason: 'approval' }
    return { kind: 'call', tool, args: read.args, approvalId: yes?.id ?? null }
  }

  /** An open question of before is the same question. */
  function ask({ call }: OpenCall, reason: Approval['reason']): Question {
    const known = approvals.find(
      approval => approval.callId === call.id && approval.reason === reason && approval.answer === null,
    )
    return {
      id: known?.id ?? ids.uuid(),
      step,
      callId: call.id,
      tool: call.function.name,
      arguments: call.function.arguments,
      reason,
      expiresAt: new Date(clock.now() + approvalMs),
    }
  }

  function rowOf({ call }: OpenCall): Omit<RunStep, 'n'> {
    return {
      step,
      kind: 'tool',
      name: call.function.name,
      status: 'running',
      attempt: run.attempt,
      callId: call.id,
      message: null,
      usage: { inputTokens: 0, outputTokens: 0, isEstimated: false },
      credits: 0,
      costMicros: 0,
      firstTokenMs: null,
      error: null,
      attributes: {},
      startedAt: new Date(clock.now()),
      endedAt: null,
    }
  }

  function ended(row: RunStep, { text, isError }: ToolAnswer, credits = 0): RunStep {
    return {
      ...row,
      credits,
      status: isError ? 'failed' : 'done',
      message: { role: 'tool', content: text, tool_call_id: row.callId ?? '' },
      error: isError ? text : null,
      endedAt: new Date(clock.now()),
    }
  }

  /** As the rules of the agent leave it, and only then cut: a cut number is none. Undefined as below. */
  async function guarded(row: RunStep, answer: ToolAnswer, price: number): Promise<RunStep | undefined> {
    const { text: given, isError } = answer
    if (guards === null) return ended(row, { text: cutForModel(given), isError }, price)
    try {
      const { text, isCut, isRefused, acts } = await guards.toolResult(given)
      const attributes = acts.length === 0 ? row.attributes : { ...row.attributes, guardrails: acts }
      const told = { text: cutForModel(text, { given, isCut }), isError: isError || isRefused }
      return ended({ ...row, attributes }, told, price)
    } catch (error) {
      if (!work.signal.aborted) throw error
      return abandoned(row)
    }
  }

  function refusalOf(callId: string): string | undefined {
    const refused = progress.lastAnswer()?.attributes.refused_calls
    if (typeof refused !== 'object' || refused === null) return undefined
    const text: unknown = Object.getOwnPropertyDescriptor(refused, callId)?.value
    return typeof text === 'string' ? text : undefined
  }

  /** Undefined where another process goes on: it finds the call begun. */
  function abandoned(row: RunStep): RunStep | undefined {
    if (!work.signal.aborted) return ended(row, { text: 'The time of the run was over.', isError: true })
    if (work.signal.reason !== 'cancelled') return undefined
    return { ...row, status: 'failed', error: 'cancelled', endedAt: new Date(clock.now()) }
  }

  function result({ message, callId, name, status }: RunStep): RunEvent[] {
    if (message?.role !== 'tool' || callId === null) return []
    const { content } = message
    return [{ type: 'tool-result', step, id: callId, name, content, is_error: status === 'failed' }]
  }
}

/** For the model, which is told what a person said. */
function declined({ reason, answer }: Approval): string {
  const note = answer?.note ? ` They said: ${answer.note}` : ''
  return reason === 'approval'
    ? `A person declined this call; it was not made.${note}`
    : `This call was interrupted, nobody knows what it did, and a person declined to repeat it.${note}`
}

function unknownTool(name: string, tools: readonly Tool[]): string {
  const names = tools.map(tool => tool.name).join(', ')
  return `There is no tool ${JSON.stringify(name.slice(0, 100))}. ${names === '' ? 'There are none.' : `There are: ${names}.`}`
}
