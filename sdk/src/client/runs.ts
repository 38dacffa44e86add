import type { z } from 'zod'
import {
  type answerApproval,
  type createRun,
  type listRuns,
  type Run,
  run,
  runInput,
  runList,
  runTrace,
} from '../contract/run.ts'
import { followRun } from './follow-run.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import type { FollowedEvent } from './run-state.ts'
import type { CallOptions, Send } from './transport.ts'

export type StartRun = Omit<z.input<typeof createRun>, 'stream'>
export type ListRunsOptions = CallOptions & Partial<z.output<typeof listRuns>>
export type RunList = z.output<typeof runList>
export type RunTrace = z.output<typeof runTrace>
export type RunInput = z.output<typeof runInput>
export type FollowRunOptions = {
  /** Number of the last event that is known; 0 when absent. */
  after?: number
  signal?: AbortSignal | undefined
}

/** Runs of agents. Every call throws what `Send` throws, and UnexpectedReply. */
export type RunsClient = {
  /** Asks an agent. The run goes on whoever stays; follow it for the answer. */
  start(agentId: string, body: StartRun, options?: CallOptions): Promise<Run>
  list(options?: ListRunsOptions): Promise<RunList>
  /** Every run, page after page. */
  iterate(options?: ListRunsOptions): AsyncGenerator<Run, void>
  get(id: string, options?: CallOptions): Promise<Run>
  /**
   * The events of the run, each once and in order, until its last. Comes back by itself when the connection is lost, as
   * often as it takes. What a new attempt takes back `collectRun` and `createRunFold` know.
   */
  follow(id: string, options?: FollowRunOptions): AsyncGenerator<FollowedEvent, void>
  /** Nothing happens to one that has ended. */
  cancel(id: string, options?: CallOptions): Promise<Run>
  /** Allows or denies what a run that waits has asked for. @throws Problem `conflict` when it was answered otherwise. */
  answer(
    id: string,
    approvalId: string,
    answer: z.input<typeof answerApproval>,
    options?: CallOptions,
  ): Promise<Run>
  /** What it was asked, and what its thread remembered then. */
  input(id: string, options?: CallOptions): Promise<RunInput>
  /** What it did, as spans; the first is the run itself. */
  trace(id: string, options?: CallOptions): Promise<RunTrace>
}

export function createRunsClient(send: Send): RunsClient {
  const list: RunsClient['list'] = async ({
    limit,
    cursor,
    status,
    agent_id,
    thread_id,
    parent_run_id,
    ...options
  } = {}) => {
    const query = { limit, cursor, status, agent_id, thread_id, parent_run_id }
    return readReply(runList, await send({ method: 'GET', path: '/api/v1/runs', query }, options))
  }
  const post = async (to: string, body: unknown, options: CallOptions | undefined) => {
    const headers = { 'content-type': 'application/json' }
    const call = { method: 'POST', path: to, headers, body: JSON.stringify(body), creates: true } as const
    return readReply(run, await send(call, options))
  }

  return {
    start: (agentId, body, options) => post(path`/api/v1/agents/${agentId}/runs`, body, options),
    list,
    iterate: (options = {}) => iteratePages(list, options),
    get: async (id, options) =>
      readReply(run, await send({ method: 'GET', path: path`/api/v1/runs/${id}` }, options)),
    follow: (id, options = {}) => followRun(send, id, options),
    cancel: (id, options) => post(path`/api/v1/runs/${id}/cancel`, {}, options),
    answer: (id, approvalId, answer, options) =>
      post(path`/api/v1/runs/${id}/approvals/${approvalId}`, answer, options),
    input: async (id, options) =>
      readReply(runInput, await send({ method: 'GET', path: path`/api/v1/runs/${id}/input` }, options)),
    trace: async (id, options) =>
      readReply(runTrace, await send({ method: 'GET', path: path`/api/v1/runs/${id}/trace` }, options)),
  }
}
