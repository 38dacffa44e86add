import { Problem, type Tensor } from '@roundhouse/sdk/contract'
import { concatenateRows, sliceRows } from './rows.ts'

/** Runs one batch. The batcher never calls it again before it has settled. */
export type Lane = (
  inputs: readonly Tensor[],
  outputs: readonly string[],
) => Promise<{ outputs: Tensor[]; computeMs: number }>

export type BatchRequest = {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly string[]
  /** Aborted when nobody waits for the answer any more; checked before the request costs anything. */
  readonly signal?: AbortSignal | undefined
  /** From now; an answer after it is of no use. */
  readonly timeoutMs: number
}

export type BatchAnswer = {
  readonly outputs: Tensor[]
  /** Time in the model of the batch this request was part of. */
  readonly computeMs: number
  /** Time from enqueuing to the start of the batch. */
  readonly queueMs: number
  readonly batchRows: number
}

/** Why a batch was closed: nothing more was waiting, or it was full, or what waits has other shapes. */
export type CutReason = 'drained' | 'row-cap' | 'shape'

export type BatchReport = {
  rows: number
  requests: number
  computeMs: number
  reason: CutReason
  ok: boolean
}

export type BatcherOptions = {
  /** Each runs one batch at a time. */
  readonly lanes: readonly Lane[]
  /** False: every request runs alone, whatever its rows. */
  readonly batching: boolean
  /** Requests are joined up to this many rows; a larger one runs alone. */
  readonly maxRows: number
  /** More rows than this may not run at once: a longer request is cut and its parts run in turn. */
  readonly sliceRows?: number
  /** Rows that may wait. A request on an empty queue is always taken. */
  readonly queueLimitRows: number
  /** Refuse at once what would wait longer than this. */
  readonly maxWaitMs: number
  /** Milliseconds per row as measured at warm-up; corrected by every batch. */
  readonly msPerRow: number
  readonly now: () => number
  readonly report: (batch: BatchReport) => void
}

export type Batcher = {
  run(request: BatchRequest): Promise<BatchAnswer>
  waiting(): { requests: number; rows: number }
  /** Milliseconds the oldest batch in a lane has been running; 0 when none is. */
  runningMs(): number
  /** Refuses new requests and settles when the last accepted one has. */
  drain(): Promise<void>
}

type Item = BatchRequest & {
  readonly rows: number
  readonly bytes: number
  readonly deadlineAt: number
  /** Requests of equal keys may share a batch; null runs alone. */
  key: string | null
  readonly enqueuedAt: number
  settled: boolean
  resolve(answer: BatchAnswer): void
  reject(error: unknown): void
}

/** How often deadlines are looked at, while anything is waiting: one timer per model, none per request. */
const deadlineTickMs = 25
/** Of the tensors that wait for one model. A request on an empty queue is always taken. */
const queueLimitBytes = 128 * 1024 * 1024

/**
 * Dynamic batching without a timer: collect while a lane is busy, flush when one is idle. A lone request starts in the
 * next turn of the event loop; under load a batch is whatever arrived during the run before it. Against a fixed
 * 1 ms window this cost 6 times less latency at one connection and no more CPU at 64.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { lanes, now } = options
  let queue: Item[] = []
  let queuedRows = 0
  let queuedBytes = 0
  let msPerRow = options.msPerRow
  let armed = false
  let draining: (() => void) | undefined
  let ticker: NodeJS.Timeout | undefined
  const idle = [...lanes]
  const running = new Map<Lane, { items: Item[]; startedAt: number }>()

  function enqueue(request: BatchRequest): Promise<BatchAnswer> {
    if (draining) return Promise.reject(beingReplaced())
    const rows = options.batching ? commonRows(request) : undefined
    const bytes = bytesOf(request)
    if (queue.length > 0 && overfull(rows ?? 1, bytes)) {
      dropSettled()
      if (queue.length > 0 && overfull(rows ?? 1, bytes)) return Promise.reject(overloaded())
    }
    return new Promise((resolve, reject) => {
      const key = rows === undefined ? null : batchKey(request)
      const enqueuedAt = now()
      queue.push({
        ...request,
        rows: rows ?? 1,
        bytes,
        key,
        enqueuedAt,
        deadlineAt: enqueuedAt + request.timeoutMs,
        settled: false,
        resolve,
        reject,
      })
      queuedRows += rows ?? 1
      queuedBytes += bytes
      arm()
    })
  }

  function count(items: readonly Item[], sign: 1 | -1): void {
    for (const item of items) {
      queuedRows += sign * item.rows
      queuedBytes += sign * item.bytes
    }
  }

  function waitMs(): number {
    return (queuedRows * msPerRow) / lanes.length
  }

  function overfull(rows: number, bytes: number): boolean {
    return (
      queuedRows + rows > options.queueLimitRows ||
      queuedBytes + bytes > queueLimitBytes ||
      waitMs() > options.maxWaitMs
    )
  }

  function overloaded(): Problem {
    const seconds = Math.max(1, Math.ceil(waitMs() / 1000))
    return new Problem(
      'model-overloaded',
      `The queue of the model is full: ${queuedRows} rows wait. Try again in ${seconds} s.`,
      {
        retryAfterSeconds: seconds,
      },
    )
  }

  function arm(): void {
    ticker ??= setInterval(expire, deadlineTickMs).unref()
    if (armed || idle.length === 0) return
    armed = true
    collect(queue.length)
  }

  /** Goes on for as long as each turn of the event loop brings more: no timer, and a lone request waits one turn. */
  function collect(before: number): void {
    setImmediate(() => {
      if (options.batching && queue.length > before && queuedRows < options.maxRows)
        return collect(queue.length)
      armed = false
      kick()
    })
  }

  function kick(): void {
    dropSettled()
    while (queue.length > 0) {
      const lane = idle.pop()
      if (!lane) return
      const { batch, reason } = take()
      void execute(lane, batch, reason)
    }
  }

  /** The first waiting request is taken unconditionally, others that fit beside it up to the row cap. */
  function take(): { batch: Item[]; reason: CutReason } {
    const batch: Item[] = []
    const left: Item[] = []
    let rows = 0
    let index = 0
    let full = false
    for (; index < queue.length; index++) {
      const item = queue[index]
      if (!item) break
      if (batch.length > 0 && rows + item.rows > options.maxRows) {
        full = true
        break
      }
      const first = batch[0]
      if (!first || (item.key !== null && item.key === first.key)) {
        batch.push(item)
        rows += item.rows
      } else left.push(item)
    }
    queue = left.concat(queue.slice(index))
    count(batch, -1)
    return { batch, reason: full ? 'row-cap' : left.length > 0 ? 'shape' : 'drained' }
  }

  async function execute(lane: Lane, items: Item[], reason: CutReason): Promise<void> {
    const startedAt = now()
    running.set(lane, { items, startedAt })
    const rows = items.reduce((sum, item) => sum + item.rows, 0)
    const outputs = items[0]?.outputs ?? []
    let result: { outputs: Tensor[]; computeMs: number } | undefined
    let failure: unknown
    try {
      const inputs =
        items.length === 1 ? (items[0]?.inputs ?? []) : concatenateRows(items.map(item => item.inputs))
      result = await runSliced(lane, inputs, outputs, rows)
      // Slow to learn, so that one odd run does not refuse work.
      if (rows > 0) msPerRow += (result.computeMs / rows - msPerRow) * 0.1
    } catch (error) {
      failure = error
    }
    running.delete(lane)
    idle.push(lane)
    options.report({
      rows,
      requests: items.length,
      computeMs: result?.computeMs ?? now() - startedAt,
      reason,
      ok: result !== undefined,
    })
    // The next batch starts before these replies are written, and all replies of a batch go out in one tick:
    // grouping them saved 25 of 124 us per request at 64 connections.
    kick()
    if (result) answer(items, result, startedAt, rows)
    else if (items.length > 1) requeueApart(items)
    else for (const item of items) settle(item, () => item.reject(failure))
    settleIfDone()
  }

  async function runSliced(lane: Lane, inputs: readonly Tensor[], outputs: readonly string[], rows: number) {
    const limit = options.sliceRows
    if (!options.batching || limit === undefined || rows <= limit) return lane(inputs, outputs)
    const parts: Tensor[][] = []
    let computeMs = 0
    for (let from = 0; from < rows; from += limit) {
      const part = await lane(sliceRows(inputs, from, Math.min(rows, from + limit)), outputs)
      parts.push(part.outputs)
      computeMs += part.computeMs
    }
    return { outputs: concatenateRows(parts), computeMs }
  }

  function answer(
    items: Item[],
    result: { outputs: Tensor[]; computeMs: number },
    startedAt: number,
    rows: number,
  ): void {
    let from = 0
    for (const item of items) {
      const outputs = items.length === 1 ? result.outputs : sliceRows(result.outputs, from, from + item.rows)
      from += item.rows
      settle(item, () =>
        item.resolve({
          outputs,
          computeMs: result.computeMs,
          queueMs: startedAt - item.enqueuedAt,
          batchRows: rows,
        }),
      )
    }
  }

  /** A batch that fails says nothing about its members: each runs again alone, so that one bad input harms only itself. */
  function requeueApart(items: Item[]): void {
    for (const item of items) item.key = null
    queue = items.concat(queue)
    count(items, 1)
    arm()
  }

  /** Answers who went away or is too late, waiting or running; a running batch itself cannot be interrupted. */
  function expire(): void {
    dropSettled()
    for (const batch of running.values()) for (const item of batch.items) expireItem(item)
    if (queue.length === 0 && running.size === 0) stopTicking()
  }

  function expireItem(item: Item): void {
    if (item.signal?.aborted)
      settle(item, () => item.reject(new Problem('client-closed', 'The client went away.')))
    else if (now() > item.deadlineAt) {
      settle(item, () =>
        item.reject(new Problem('deadline-exceeded', 'The prediction did not finish before its deadline.')),
      )
    }
  }

  /** Takes whoever needs no answer any more out of the queue, before it costs a row. */
  function dropSettled(): void {
    for (const item of queue) expireItem(item)
    if (!queue.some(item => item.settled)) return
    queue = queue.filter(item => !item.settled)
    queuedRows = 0
    queuedBytes = 0
    count(queue, 1)
  }

  function stopTicking(): void {
    clearInterval(ticker)
    ticker = undefined
  }

  function settle(item: Item, how: () => void): void {
    if (item.settled) return
    item.settled = true
    how()
  }

  function settleIfDone(): void {
    if (!draining || queue.length > 0 || running.size > 0) return
    stopTicking()
    draining()
  }

  return {
    run: enqueue,
    waiting: () => ({ requests: queue.length, rows: queuedRows }),
    runningMs() {
      const started = [...running.values()].map(batch => batch.startedAt)
      return started.length === 0 ? 0 : now() - Math.min(...started)
    },
    drain() {
      return new Promise(resolve => {
        const before = draining
        draining = () => {
          before?.()
          resolve()
        }
        settleIfDone()
      })
    },
  }
}

function bytesOf(request: BatchRequest): number {
  let bytes = 0
  for (const { data } of request.inputs) {
    if (Array.isArray(data)) for (const text of data) bytes += 2 * text.length
    else bytes += data.byteLength
  }
  return bytes
}

function beingReplaced(): Problem {
  return new Problem('model-not-loaded', 'The model is being unloaded or replaced. Try again in a second.', {
    retryAfterSeconds: 1,
  })
}

/**
 * The rows of a request that may be joined with others; undefined for one that must run alone: inputs that disagree
 * would be filled up with rows of a neighbour, and a tensor without elements may claim any number of rows.
 */
function commonRows(request: BatchRequest): number | undefined {
  const rows = request.inputs[0]?.shape[0]
  return request.inputs.every(input => input.shape[0] === rows && input.data.length > 0) ? rows : undefined
}

/** Only requests for the same outputs whose dims are equal but for the first may share a batch. */
function batchKey(request: BatchRequest): string {
  let key = request.outputs.join('\n')
  for (const input of request.inputs) key += `|${input.shape.slice(1).join()}`
  return key
}
