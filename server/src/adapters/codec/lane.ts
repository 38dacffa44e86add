import { type Transferable, Worker } from 'node:worker_threads'
import { Problem, type ProblemCode } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { OperationName, operations } from './operations.ts'
import type { CodecOrder, CodecReply } from './thread.ts'

type Operations = typeof operations

/** One thread and what waits for it, done in order. The thread starts with the first order. */
export type Lane = {
  /**
   * `sizeBytes` is what the order counts for in `waitingBytes`; what is in `transfer` no longer belongs to the caller.
   * Rejects with the Problem of the operation, or with Error when the thread ended.
   */
  run<Name extends OperationName>(
    operation: Name,
    args: Parameters<Operations[Name]>,
    order: { sizeBytes: number; transfer: readonly Transferable[] },
  ): Promise<ReturnType<Operations[Name]>>
  waitingBytes(): number
  /** Answers what waits, then ends the thread. */
  close(): Promise<void>
}

type Waiting = { sizeBytes: number; resolve(result: never): void; reject(error: unknown): void }

export function createLane({ log }: { log: Log }): Lane {
  let worker: Worker | undefined
  let lastId = 0
  let waitingBytes = 0
  const waiting = new Map<number, Waiting>()

  function start(): Worker {
    const started = new Worker(sibling(import.meta.url, 'thread'))
    started.unref()
    started.on('message', settle)
    started.on('error', error => log.error('codec-thread-fail', { err: error }))
    started.on('exit', () => {
      if (worker === started) worker = undefined
      for (const { reject } of waiting.values()) reject(new Error('The codec thread ended'))
      waiting.clear()
      waitingBytes = 0
    })
    return started
  }

  function settle(reply: CodecReply): void {
    const order = waiting.get(reply.id)
    if (!order) return
    waiting.delete(reply.id)
    waitingBytes -= order.sizeBytes
    if (waiting.size === 0) worker?.unref()
    if ('result' in reply) order.resolve(reply.result as never)
    else if ('problem' in reply)
      order.reject(new Problem(reply.problem.code as ProblemCode, reply.problem.message))
    else order.reject(new Error(`In the codec thread: ${reply.bug}`))
  }

  return {
    run(operation, args, { sizeBytes, transfer }) {
      worker ??= start()
      const target = worker
      return new Promise((resolve, reject) => {
        const id = ++lastId
        target.postMessage({ id, operation, args } satisfies CodecOrder, transfer)
        target.ref()
        waiting.set(id, { sizeBytes, resolve, reject })
        waitingBytes += sizeBytes
      })
    },
    waitingBytes: () => waitingBytes,
    async close() {
      const stopping = worker
      worker = undefined
      if (!stopping) return
      // Idle, it keeps no process alive; without this one that has nothing else to do would end before its thread.
      stopping.ref()
      const exited = new Promise(resolve => stopping.once('exit', resolve))
      stopping.postMessage('stop')
      await exited
    },
  }
}
