import { z } from 'zod'
import { spanIdOf, type TracePlace, tracePlaceOf } from '../../kit/trace-context.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import type { RunTraceSpan, RunView } from '../run.ts'
import { traceOf } from '../trace.ts'
import { attributesOf, callAttributes } from './attributes.ts'
import type { EndedRun } from './store.ts'

/**
 * A run and its steps as OpenTelemetry's conventions for generative AI want them, the run first. They are made from rows
 * at its end, so that it is one tree however many processes had it.
 */
export function spansOfRun({ run, steps, traceParent, agentName }: EndedRun): FinishedSpan[] {
  const place = tracePlaceOf({ traceParent, requestId: run.requestId ?? run.id })
  if (!place) return []
  const [root, ...parts] = traceOf(run, steps)
  if (!root) return []
  const whose = { 'gen_ai.agent.id': run.agentId, 'gen_ai.conversation.id': run.threadId ?? undefined }
  const call = parts.find(({ kind }) => kind === 'llm')
  return [
    {
      ...frame(root, run, place),
      name: agentName === null ? 'invoke_agent' : `invoke_agent ${agentName}`,
      kind: run.mode === 'remote' ? 'client' : 'internal',
      errorType: run.error?.code ?? null,
      attributes: attributesOf({
        'gen_ai.operation.name': 'invoke_agent',
        ...whose,
        'gen_ai.agent.name': agentName ?? undefined,
        'gen_ai.agent.version': run.agentVersion === null ? 'draft' : String(run.agentVersion),
        ...callAttributes({
          provider: textOf(call?.attributes.provider),
          model: textOf(call?.attributes.model),
          ...run,
          ...run.usage,
        }),
        'roundhouse.run.id': run.id,
        'roundhouse.run.mode': run.mode,
        'roundhouse.run.status': run.status,
        'roundhouse.run.attempt': run.attempt,
        'roundhouse.request_id': run.requestId ?? undefined,
      }),
    },
    ...parts.map(part => ({
      ...frame(part, run, place),
      ...(part.kind === 'tool' ? toolSpan(part) : callSpan(part)),
      attributes: attributesOf({
        ...(part.kind === 'tool' ? toolAttributes(part) : modelAttributes(part)),
        ...whose,
      }),
    })),
  ]
}

function frame(
  { id, parentId, startedAt, durationMs }: RunTraceSpan,
  run: RunView,
  { traceId, parentSpanId }: TracePlace,
): Pick<FinishedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'startedAt' | 'endedAt'> {
  // What was under way when the run ended, ended with it.
  const endedAt = durationMs === null ? (run.finishedAt ?? startedAt) : startedAt.getTime() + durationMs
  return {
    traceId,
    spanId: spanIdOf(id),
    parentSpanId: parentId === null ? parentSpanId : spanIdOf(parentId),
    startedAt,
    endedAt: new Date(endedAt),
  }
}

function callSpan(part: RunTraceSpan): Pick<FinishedSpan, 'name' | 'kind' | 'errorType'> {
  return {
    name: `chat ${textOf(part.attributes.model) ?? part.name}`,
    kind: 'client',
    errorType: part.status === 'failed' ? (textOf(part.attributes.error_code) ?? '_OTHER') : null,
  }
}

function modelAttributes({ attributes, usage, credits, costMicros, firstTokenMs }: RunTraceSpan) {
  const finishReason = textOf(attributes.finish_reason)
  return {
    'gen_ai.operation.name': 'chat',
    ...callAttributes({
      provider: textOf(attributes.provider),
      model: textOf(attributes.model),
      ...(usage ?? { inputTokens: 0, outputTokens: 0, isEstimated: false }),
      credits,
      costMicros,
      firstTokenMs,
    }),
    'gen_ai.response.finish_reasons': finishReason === undefined ? undefined : [finishReason],
    'roundhouse.guardrails': actsIn(attributes.input_guardrails, attributes.guardrails),
  }
}

/** A model may call a tool whose name it made up, of any length. */
function toolSpan(part: RunTraceSpan): Pick<FinishedSpan, 'name' | 'kind' | 'errorType'> {
  return {
    name: `execute_tool ${part.name.slice(0, 100)}`,
    kind: 'internal',
    // What went wrong is for the model, and may be what it asked about.
    errorType: part.status === 'failed' ? 'tool_error' : null,
  }
}

function toolAttributes({ name, attributes }: RunTraceSpan) {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name.slice(0, 100),
    'gen_ai.tool.type': 'function',
    'roundhouse.guardrails': actsIn(attributes.guardrails),
  }
}

const acts = z.array(z.object({ rule: z.string(), on: z.string(), action: z.string(), count: z.number() }))

/** Rules of the agent that acted, such as `pii output mask 2`. */
function actsIn(...attributes: readonly unknown[]): string[] | undefined {
  const all = attributes.flatMap(attribute => acts.safeParse(attribute).data ?? [])
  return all.length === 0
    ? undefined
    : all.map(({ rule, on, action, count }) => `${rule} ${on} ${action} ${count}`)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
