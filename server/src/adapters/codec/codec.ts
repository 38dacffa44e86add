import { isMarkedAsUntransferable } from 'node:worker_threads'
import { Problem, type Tensor } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import { createLane, type Lane } from './lane.ts'
import { operations } from './operations.ts'

/**
 * JSON of this many bytes takes about a millisecond to read (an image of 1x3x224x224 in JSON, 1 MB: 11 ms); what is
 * larger is read and written in a thread. Binary tensors are copied at memory speed and stay here.
 */
const inlineBytes = 64 * 1024
/** Four of the largest bodies. */
const maxWaitingBytes = 256 * 1024 * 1024

/**
 * Two threads, so that one large body does not hold up every other. A large body that has its memory to itself is
 * handed over, not copied: after a decode that is a promise the caller's body is empty.
 * A decode is refused with Problem `model-overloaded` while 256 MB wait; an encode is not, its model has run already.
 */
export function createTensorCodec({ log }: { log: Log }): TensorCodec {
  const lanes = [createLane({ log }), createLane({ log })] as const

  function leastWaiting(): Lane {
    const [first, second] = lanes
    return second.waitingBytes() < first.waitingBytes() ? second : first
  }

  function laneFor(body: Uint8Array): Lane {
    const waitingBytes = lanes.reduce((sum, lane) => sum + lane.waitingBytes(), 0)
    if (waitingBytes + body.byteLength > maxWaitingBytes)
      throw new Problem(
        'model-overloaded',
        'Too many large JSON bodies wait to be read. Try again in a second, or send tensors as binary data.',
        { retryAfterSeconds: 1 },
      )
    return leastWaiting()
  }

  return {
    decodeInfer(body, headerLength, signature) {
      const jsonBytes = headerLength ?? body.byteLength
      if (jsonBytes <= inlineBytes) return operations.decodeInfer(body, headerLength, signature)
      return laneFor(body).run('decodeInfer', [body, headerLength, signature], orderOf(body))
    },
    encodeInfer(answer) {
      const json = answer.outputs.filter(
        output => !answer.requested.find(wanted => wanted.name === output.name)?.binary,
      )
      const sizeBytes = textBytes(json)
      return sizeBytes <= inlineBytes
        ? operations.encodeInfer(answer)
        : leastWaiting().run('encodeInfer', [answer], { sizeBytes, transfer: [] })
    },
    decodeNamed(body, signature) {
      return body.byteLength <= inlineBytes
        ? operations.decodeNamed(body, signature)
        : laneFor(body).run('decodeNamed', [body, signature], orderOf(body))
    },
    encodeNamed(outputs) {
      const sizeBytes = textBytes(outputs)
      return sizeBytes <= inlineBytes
        ? operations.encodeNamed(outputs)
        : leastWaiting().run('encodeNamed', [outputs], { sizeBytes, transfer: [] })
    },
    async close() {
      await Promise.all(lanes.map(lane => lane.close()))
    },
  }
}

/** Node marks the pool that small Buffers share as untransferable. */
function orderOf(body: Uint8Array): { sizeBytes: number; transfer: ArrayBuffer[] } {
  const { buffer, byteLength } = body
  const whole =
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !isMarkedAsUntransferable(buffer)
  return { sizeBytes: byteLength, transfer: whole ? [buffer] : [] }
}

/** About what the tensors take in JSON: a printed float has some ten characters. */
function textBytes(tensors: readonly Tensor[]): number {
  let bytes = 0
  for (const tensor of tensors) {
    bytes += tensor.data.length * 10
    if (Array.isArray(tensor.data)) for (const text of tensor.data) bytes += text.length
  }
  return bytes
}
