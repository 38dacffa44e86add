import { z } from 'zod'
import { problemBody } from './problem-body.ts'
import { largestInteger, storableText } from './storable.ts'

export const runStatus = z.enum(['queued', 'running', 'waiting', 'done', 'failed', 'cancelled'])

/** Tokens as the provider counted them; `estimated` where it did not say. */
export const runUsage = z.object({
  input_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
  estimated: z.boolean(),
})

/** Why a run that is done went no further: it had answered, or a limit of the agent was reached. */
export const runStop = z.enum(['answered', 'steps', 'tokens', 'seconds', 'credits'])

const at = { step: z.int().min(1) }
const call = { id: z.string(), name: z.string() }

/**
 * What happens in a run, in order. Its number in the run (1, 2, 3, ... without gaps) is the `id` of the server-sent
 * event. Exactly one of `run-end`, `run-error`, `run-cancel` comes, as the last.
 */
export const runEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-start'),
    run_id: z.uuid(),
    agent_id: z.uuid(),
    agent_version: z.int().nullable(),
    thread_id: z.uuid().nullable(),
    mode: z.enum(['inline', 'worker', 'remote']),
    /** The answer is to keep to a schema: the texts are tries, and what counts is the `output` at the end. */
    has_schema: z.boolean(),
  }),
  /** Another process goes on. What came behind number `after` was not finished and is said again. */
  z.object({ type: z.literal('run-attempt'), attempt: z.int().min(2), after: z.int().min(0) }),
  /** From here on a worker has it. */
  z.object({ type: z.literal('run-promote'), reason: z.enum(['time', 'heavy-tool']) }),
  z.object({ type: z.literal('step-start'), ...at, provider: z.string(), model: z.string() }),
  /** The model's answer broke off and is asked for anew: what came behind number `after` is said again. */
  z.object({
    type: z.literal('step-restart'),
    ...at,
    after: z.int().min(0),
    provider: z.string(),
    model: z.string(),
  }),
  z.object({ type: z.literal('text-delta'), ...at, text: z.string() }),
  z.object({ type: z.literal('reasoning-delta'), ...at, text: z.string() }),
  /** `arguments` as the model wrote them: JSON text, possibly not valid. */
  z.object({ type: z.literal('tool-call'), ...at, ...call, arguments: z.string() }),
  z.object({ type: z.literal('tool-result'), ...at, ...call, content: z.string(), is_error: z.boolean() }),
  /** The run waits until a person has answered. */
  z.object({
    type: z.literal('approval-request'),
    ...at,
    approval_id: z.uuid(),
    ...call,
    arguments: z.string(),
    reason: z.enum(['approval', 'interrupted']),
    expires_at: z.iso.datetime(),
  }),
  z.object({
    type: z.literal('approval-answer'),
    approval_id: z.uuid(),
    approved: z.boolean(),
    note: z.string().nullable(),
  }),
  z.object({
    type: z.literal('step-end'),
    ...at,
    finish_reason: z.string(),
    usage: runUsage,
    credits: z.int().min(0),
  }),
  z.object({
    type: z.literal('run-end'),
    output: z.string(),
    stopped: runStop,
    usage: runUsage,
    credits: z.int().min(0),
  }),
  z.object({ type: z.literal('run-error'), code: z.string(), detail: z.string(), credits: z.int().min(0) }),
  z.object({ type: z.literal('run-cancel'), credits: z.int().min(0) }),
])

/** Of a conversation that is sent: who speaks and what they say. */
export const runMessage = z.strictObject({
  role: z.enum(['user', 'assistant', 'system']),
  content: storableText.max(1_000_000),
})

/** Body of `POST /api/v1/agents/{id}/runs`. With `stream` the answer is the run's events, else the run. */
export const createRun = z.strictObject({
  messages: z.array(runMessage).min(1).max(1000),
  thread_id: z.uuid().nullable().optional(),
  stream: z.boolean().optional(),
  /** `draft` is for those who may change the agent. */
  version: z.union([z.int().min(1).max(largestInteger), z.literal('draft')]).optional(),
})

/** `output` is the answer, or what there was of it when the run ended. `credits` is what was paid. */
export const run = z.object({
  id: z.uuid(),
  agent_id: z.uuid(),
  agent_version: z.int().nullable(),
  /** Null belongs to the house. */
  owner_id: z.uuid().nullable(),
  thread_id: z.uuid().nullable(),
  /** The run whose tool began this one. */
  parent_run_id: z.uuid().nullable(),
  status: runStatus,
  mode: z.enum(['inline', 'worker', 'remote']),
  attempt: z.int().min(1),
  output: z.string().nullable(),
  stopped: runStop.nullable(),
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  usage: runUsage,
  credits: z.int().min(0),
  time_to_first_token_ms: z.number().nullable(),
  last_event: z.int().min(0),
  request_id: z.string().nullable(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
})

/** Query of `GET /api/v1/runs`. */
export const listRuns = z.object({
  status: runStatus.optional(),
  agent_id: z.uuid().optional(),
  thread_id: z.uuid().optional(),
  /** Those that the tools of this run began. */
  parent_run_id: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** `next_cursor` is null on the last page. */
export const runList = z.object({ data: z.array(run), next_cursor: z.string().nullable() })

/**
 * Answer of `GET /api/v1/runs/{id}/input`: what it was asked, and what its thread remembered then, which stands before it.
 * Both are as the agent's rules left them, and empty when they were removed with the run's events.
 */
export const runInput = z.object({
  run_id: z.uuid(),
  messages: z.array(runMessage),
  memory: z.array(runMessage),
})

/** Query of `GET /api/v1/threads`. */
export const listThreads = z.object({
  agent_id: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** A conversation. `title` is how its first question begins; null when that is not there any more. */
export const thread = z.object({
  id: z.uuid(),
  agent_id: z.uuid(),
  title: z.string().nullable(),
  created_at: z.iso.datetime(),
  used_at: z.iso.datetime(),
})
export const threadList = z.object({ data: z.array(thread), next_cursor: z.string().nullable() })

/** Query of `GET /api/v1/runs/{id}/events`; the header `Last-Event-ID` wins. */
export const followRun = z.object({
  starting_after: z.coerce.number().int().min(0).max(largestInteger).optional(),
})

/** What is left of a run whose events were removed: 410 of `GET /api/v1/runs/{id}/events`. */
export const runEventsGone = problemBody.extend({ run })

/** Body of `POST /api/v1/runs/{id}/approvals/{approval_id}`. The note is told to the model. */
export const answerApproval = z.strictObject({
  approved: z.boolean(),
  note: storableText.max(2000).nullable().optional(),
})

/** One piece of the work of a run, as a span: what it did, when, and what it took. Times are offsets from the start. */
export const runSpan = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  name: z.string(),
  kind: z.enum(['run', 'llm', 'tool']),
  status: z.enum(['running', 'done', 'failed']),
  started_at: z.iso.datetime(),
  duration_ms: z.number().nullable(),
  time_to_first_token_ms: z.number().nullable(),
  usage: runUsage.nullable(),
  credits: z.int().min(0),
  /** In micro-dollars, by the provider's own prices. Null for those who are no administrators: it is what the house pays. */
  cost_micros: z.int().min(0).nullable(),
  error: z.string().nullable(),
  /** Turn of the loop, as events name it; null of the run itself. */
  step: z.int().nullable(),
  /** Of a tool: the id of the call that it answers. */
  call_id: z.string().nullable(),
  /** Which process had it: `attempt` of the run at that time. */
  attempt: z.int().min(1),
  attributes: z.record(z.string(), z.unknown()),
})

/** Answer of `GET /api/v1/runs/{id}/trace`; the first span is the run itself. */
export const runTrace = z.object({
  run_id: z.uuid(),
  request_id: z.string().nullable(),
  spans: z.array(runSpan),
})

export type RunEvent = z.infer<typeof runEvent>
export type Run = z.infer<typeof run>
export type RunSpan = z.infer<typeof runSpan>
export type Thread = z.infer<typeof thread>
export type RunMessage = z.infer<typeof runMessage>
