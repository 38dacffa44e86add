import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { HoldOrder } from './hold.ts'
import type { LoadOrder, LoadReport, Order, PollOrder, PollReport } from './load.ts'
import type { StreamsOrder, StreamsReport } from './streams.ts'
import type { TransferOrder, TransferReport } from './transfer.ts'

/** The load generator, in a process of its own. */
export type Generator = {
  /** Keeps requests under a name, for many loads. */
  pool(name: string, requests: Uint8Array[]): void
  load(order: Omit<LoadOrder, 'kind'>): Promise<LoadReport>
  /** Asks again and again while `work` goes on. */
  pollDuring(order: Omit<PollOrder, 'kind'>, work: () => Promise<unknown>): Promise<PollReport>
  transfer(order: TransferOrder): Promise<TransferReport>
  streams(order: StreamsOrder): Promise<StreamsReport>
  /** Keeps answers open while `work` goes on; how many of them were at the beginning and at the end of it. */
  holdDuring(order: HoldOrder, work: () => Promise<unknown>): Promise<{ begun: number; left: number }>
  close(): void
}

export function startGenerator(): Generator {
  const child = fork(resolve(import.meta.dirname, 'load.ts'), { serialization: 'advanced' })
  const send = (order: Order) => child.send(order)

  // One order at a time: the next message is its report.
  async function report(): Promise<unknown> {
    const abort = new AbortController()
    const ended = once(child, 'exit', { signal: abort.signal }).then(() => {
      throw new Error('The load generator ended.')
    })
    ended.catch(() => {})
    try {
      const [message] = await Promise.race([once(child, 'message'), ended])
      return message
    } finally {
      abort.abort()
    }
  }

  return {
    pool: (name, requests) => void send({ kind: 'pool', name, requests }),
    async load(order) {
      send({ kind: 'load', ...order })
      return (await report()) as LoadReport
    },
    async pollDuring(order, work) {
      send({ kind: 'poll', ...order })
      const reported = report()
      try {
        await work()
      } finally {
        send({ kind: 'poll-stop' })
      }
      return (await reported) as PollReport
    },
    async transfer(order) {
      send({ kind: 'transfer', ...order })
      return (await report()) as TransferReport
    },
    async streams(order) {
      send({ kind: 'streams', ...order })
      return (await report()) as StreamsReport
    },
    async holdDuring(order, work) {
      send({ kind: 'hold', ...order })
      const begun = (await report()) as number
      let reported: Promise<unknown> | undefined
      try {
        await work()
      } finally {
        reported = report()
        send({ kind: 'hold-stop' })
      }
      return { begun, left: (await reported) as number }
    },
    close: () => child.disconnect(),
  }
}
