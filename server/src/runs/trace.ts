import type { RunTraceSpan, RunView } from './run.ts'
import type { RunStep } from './stream.ts'

/** The run as a tree of spans, the run itself first: calls of the model below it, tools below the call that asked for them. */
export function traceOf(run: RunView, steps: readonly RunStep[]): RunTraceSpan[] {
  const callOfTurn = new Map<number, string>()
  const spans = steps.map(step => {
    const id = `${run.id}:${step.n}`
    const parentId = (step.kind === 'tool' && callOfTurn.get(step.step)) || run.id
    if (step.kind === 'llm') callOfTurn.set(step.step, id)
    return {
      id,
      parentId,
      name: step.name,
      kind: step.kind,
      status: step.status,
      startedAt: step.startedAt,
      durationMs: step.endedAt && step.endedAt.getTime() - step.startedAt.getTime(),
      firstTokenMs: step.firstTokenMs,
      usage: step.kind === 'llm' ? step.usage : null,
      credits: step.credits,
      costMicros: step.costMicros,
      error: step.error,
      step: step.step,
      callId: step.callId,
      attempt: step.attempt,
      attributes: step.attributes,
    }
  })
  return [rootOf(run), ...spans]
}

function rootOf(run: RunView): RunTraceSpan {
  const isOver = run.finishedAt !== null
  return {
    id: run.id,
    parentId: null,
    name: 'run',
    kind: 'run',
    status: !isOver ? 'running' : run.status === 'done' ? 'done' : 'failed',
    startedAt: run.createdAt,
    durationMs: run.finishedAt && run.finishedAt.getTime() - run.createdAt.getTime(),
    firstTokenMs: run.firstTokenMs,
    usage: run.usage,
    credits: run.credits,
    costMicros: run.costMicros,
    error: run.error?.detail ?? null,
    step: null,
    callId: null,
    attempt: run.attempt,
    attributes: {
      agent_id: run.agentId,
      agent_version: run.agentVersion,
      mode: run.mode,
      attempt: run.attempt,
    },
  }
}
