import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from './bus.ts'

/** What every bus promises. `open` gives a fresh one that the suite closes. */
export function busContract(name: string, open: () => Promise<Bus>): void {
  async function withBus(work: (bus: Bus) => Promise<void>): Promise<void> {
    const bus = await open()
    try {
      await work(bus)
    } finally {
      await bus.close()
    }
  }

  /** Messages are in order, so once this one has come back, all before it have. */
  async function settle(bus: Bus): Promise<void> {
    const echoed = Promise.withResolvers<void>()
    const stop = bus.subscribe('settle', () => echoed.resolve())
    await bus.publish('settle', '')
    await echoed.promise
    stop()
  }

  test(`${name}: a subscriber hears its topic only, in order, equal messages too`, () =>
    withBus(async bus => {
      const heard: string[] = []
      bus.subscribe('runs', message => heard.push(message))
      const messages = ['one', 'two', 'two', '', 'line\nend', 'ünïcödé ☃', "'; drop table x; --"]
      await Promise.all([
        bus.publish('other', 'no'),
        ...messages.map(message => bus.publish('runs', message)),
      ])
      await settle(bus)
      assert.deepEqual(heard, messages)
    }))

  test(`${name}: every subscriber of a topic hears it, until it unsubscribes`, () =>
    withBus(async bus => {
      const heard: string[] = []
      const stop = bus.subscribe('runs', message => heard.push(`a${message}`))
      bus.subscribe('runs', message => heard.push(`b${message}`))
      await bus.publish('runs', '1')
      await settle(bus)
      stop()
      stop()
      await bus.publish('runs', '2')
      await settle(bus)
      assert.deepEqual(heard, ['a1', 'b1', 'b2'])
    }))

  test(`${name}: a subscriber that throws keeps nobody else from hearing`, () =>
    withBus(async bus => {
      const heard: string[] = []
      bus.subscribe('runs', () => {
        throw new Error('a bug of a listener')
      })
      bus.subscribe('runs', message => heard.push(message))
      await bus.publish('runs', '1')
      await settle(bus)
      assert.deepEqual(heard, ['1'])
    }))

  test(`${name}: carries 7,000 bytes and refuses more in a sentence`, () =>
    withBus(async bus => {
      const heard: number[] = []
      bus.subscribe('runs', message => heard.push(Buffer.byteLength(message)))
      await bus.publish('runs', 'ü'.repeat(3500))
      await assert.rejects(bus.publish('runs', 'x'.repeat(7001)), /longer than 7000 bytes/)
      await settle(bus)
      assert.deepEqual(heard, [7000])
    }))

  test(`${name}: nobody hears anything after close, and closing twice is fine`, () =>
    withBus(async bus => {
      const heard: string[] = []
      bus.subscribe('runs', message => heard.push(message))
      await bus.close()
      await bus.publish('runs', 'late').catch(() => {})
      await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
      assert.deepEqual(heard, [])
    }))
}
