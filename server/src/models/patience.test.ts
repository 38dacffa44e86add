import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { turnedClock } from '../testing/turned-clock.ts'
import { readArtifact } from './artifact-stream.ts'
import { createPatience } from './patience.ts'

const bytes = randomBytes(300_000)

test('a storage that trickles without an error is given up after 120 s', async () => {
  const clock = turnedClock()
  let got = 0
  const reading = (async () => {
    for await (const chunk of paced(clock, { stepBytes: 1, stepMs: 1000, limitMs: 120_000 }))
      got += chunk.byteLength
  })()
  await assert.rejects(reading, { name: 'StorageOutage', message: 'it gives less than 100 kB a second' })
  assert.ok(got > 100 && got <= 122, `${got} bytes, one each second`)
})

test('a storage that gives 200 kB a second is waited for as long as the file takes, and longer for the disk', async () => {
  const clock = turnedClock()
  const got: Uint8Array[] = []
  for await (const chunk of paced(clock, { stepBytes: 20_000, stepMs: 100, limitMs: 1000 })) {
    got.push(chunk)
    clock.turn(10_000)
  }
  assert.deepEqual(Buffer.concat(got), bytes)
})

/** The file, so many bytes a step, from a storage that answers at once and takes so long for each step. */
function paced(
  clock: ReturnType<typeof turnedClock>,
  { stepBytes, stepMs, limitMs }: { stepBytes: number; stepMs: number; limitMs: number },
): AsyncGenerator<Uint8Array> {
  const { signal } = new AbortController()
  const patience = createPatience({ clock, limitMs, signal, onRetry: () => assert.fail('nothing broke') })
  let at = 0
  const stream = new Readable({
    read() {
      // Whoever reads waits by then: what comes while nobody does costs no patience.
      setImmediate(() => {
        clock.turn(stepMs)
        const step = bytes.subarray(at, at + stepBytes)
        at += step.byteLength
        this.push(step.byteLength === 0 ? null : step)
      })
    },
  })
  const read = async () => stream
  return readArtifact(
    { read },
    { bucket: 'models', path: 'price.onnx' },
    { sizeBytes: bytes.byteLength, etag: '1' },
    patience,
  )
}
