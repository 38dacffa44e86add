import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Kysely } from 'kysely'
import { until } from '../testing/until.ts'
import type { Delivery, Queue } from './queue.ts'

/** What every queue promises. `open` gives one more process's view of the same queue. */
export function queueContract(
  name: string,
  options: {
    open: () => Promise<Queue>
    transaction: <Result>(work: (db: Kysely<unknown>) => Promise<Result>) => Promise<Result>
  },
): void {
  const { open, transaction } = options

  function entry(more: { priority?: number; startAt?: Date } = {}) {
    return { queue: 'default' as const, ticket: randomUUID(), jobId: randomUUID(), priority: 0, ...more }
  }

  /** Works until the test ends; what is delivered is collected, and settled unless `settle` says otherwise. */
  async function collect(
    t: { after(callback: () => Promise<void>): void },
    options: { atOnce?: number; settle?: (delivery: Delivery) => Promise<'settled' | 'fault'> } = {},
  ): Promise<{ queue: Queue; delivered: Delivery[] }> {
    const queue = await open()
    t.after(() => queue.close())
    const delivered: Delivery[] = []
    await queue.work('default', { atOnce: options.atOnce ?? 10 }, async delivery => {
      delivered.push(delivery)
      return options.settle ? await options.settle(delivery) : 'settled'
    })
    return { queue, delivered }
  }

  test(`${name}: what is added is delivered once, to one of those who work`, async t => {
    const [one, other] = [await collect(t), await collect(t)]
    const entries = Array.from({ length: 50 }, () => entry())
    await transaction(db => one.queue.add(db, entries))
    await until(() => one.delivered.length + other.delivered.length === 50, 'all are delivered')
    const tickets = [...one.delivered, ...other.delivered].map(({ ticket }) => ticket)
    assert.deepEqual(tickets.sort(), entries.map(({ ticket }) => ticket).sort())
    const jobs = [...one.delivered, ...other.delivered].map(({ jobId }) => jobId)
    assert.deepEqual(jobs.sort(), entries.map(({ jobId }) => jobId).sort())
  })

  test(`${name}: what a transaction added that was rolled back is never delivered`, async t => {
    const { queue, delivered } = await collect(t)
    const gone = entry()
    const failed = transaction(async db => {
      await queue.add(db, [gone])
      throw new Error('no')
    })
    await assert.rejects(failed, /no/)
    const kept = entry()
    await transaction(db => queue.add(db, [kept]))
    await until(() => delivered.length > 0, 'the other is delivered')
    assert.deepEqual(
      delivered.map(({ ticket }) => ticket),
      [kept.ticket],
    )
  })

  test(`${name}: what is dropped while it waits is not delivered, and delays are kept`, async t => {
    const queue = await open()
    t.after(() => queue.close())
    const startAt = new Date(Date.now() + 1200)
    const [dropped, later] = [entry({ startAt }), entry({ startAt })]
    await transaction(db => queue.add(db, [dropped, later]))
    await transaction(db => queue.drop(db, 'default', [dropped.ticket]))
    const { delivered } = await collect(t)
    await until(() => delivered.length > 0, 'the other is delivered')
    assert.ok(Date.now() >= startAt.getTime())
    assert.deepEqual(
      delivered.map(({ ticket }) => ticket),
      [later.ticket],
    )
  })

  test(`${name}: higher priority goes first, and no more are out than was asked for`, async t => {
    const queue = await open()
    t.after(() => queue.close())
    const entries = [-1, 0, 5].map(priority => entry({ priority }))
    await transaction(db => queue.add(db, entries))
    let out = 0
    let most = 0
    const { delivered } = await collect(t, {
      atOnce: 1,
      async settle() {
        out += 1
        most = Math.max(most, out)
        await new Promise(setImmediate)
        out -= 1
        return 'settled'
      },
    })
    await until(() => delivered.length === 3, 'all are delivered')
    assert.deepEqual(
      delivered.map(({ ticket }) => ticket),
      entries.map(({ ticket }) => ticket).reverse(),
    )
    assert.equal(most, 1)
  })

  test(`${name}: after a fault it is delivered again`, async t => {
    let faults = 0
    const { queue, delivered } = await collect(t, {
      async settle() {
        faults += 1
        return faults === 1 ? 'fault' : 'settled'
      },
    })
    const one = entry()
    await transaction(db => queue.add(db, [one]))
    await until(() => delivered.length === 2, 'it comes again')
    assert.deepEqual(
      delivered.map(({ ticket }) => ticket),
      [one.ticket, one.ticket],
    )
  })

  test(`${name}: what waits and what is out is live, what was settled or never was is not`, async t => {
    const gate = Promise.withResolvers<'settled'>()
    const { queue, delivered } = await collect(t, { atOnce: 1, settle: () => gate.promise })
    const [out, waiting] = [entry(), entry({ startAt: new Date(Date.now() + 600_000) })]
    await transaction(db => queue.add(db, [out, waiting]))
    await until(() => delivered.length === 1, 'one is out')
    const asked = [out.ticket, waiting.ticket, randomUUID()]
    assert.deepEqual([...(await queue.live('default', asked))].sort(), asked.slice(0, 2).sort())
    gate.resolve('settled')
    await until(async () => !(await queue.live('default', asked)).has(out.ticket), 'one was settled')
    await transaction(db => queue.drop(db, 'default', [waiting.ticket]))
    assert.equal((await queue.live('default', asked)).size, 0)
  })

  test(`${name}: nothing begins after a pause, and what is out is given back by the end`, async t => {
    const gate = Promise.withResolvers<'settled'>()
    const first = await collect(t, { settle: () => gate.promise })
    const [begun, waiting] = [entry(), entry()]
    await transaction(db => first.queue.add(db, [begun]))
    await until(() => first.delivered.length === 1, 'it is delivered')
    await first.queue.pause()
    await transaction(db => first.queue.add(db, [waiting]))
    await first.queue.close()
    assert.equal(first.delivered[0]?.signal.aborted, true)
    const second = await collect(t)
    await until(() => second.delivered.length === 2, 'both are delivered to another')
    assert.deepEqual(
      second.delivered.map(({ ticket }) => ticket).sort(),
      [begun.ticket, waiting.ticket].sort(),
    )
    assert.equal(first.delivered.length, 1)
    gate.resolve('settled')
  })
}
