import { Worker } from 'node:worker_threads'
import { Problem, type ProblemCode, type Tensor } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import { type OperationName, operations } from './operations.ts'
import type { CodecReply } from './thread.ts'

/**
 * JSON of this many bytes takes about a millisecond to read (an image of 1x3x224x224 in JSON, 1 MB: 11 ms); what is
 * larger is read and written in a thread. Binary tensors are copied at memory speed and stay here.
 */
const inlineBytes = 64 * 1024

type Waiting = { resolve(result: never): void; reject(error: unknown): void }

export function createTensorCodec({ log }: { log: Log }): TensorCodec {
  let worker: Worker | undefined
  let lastId = 0
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
    })
    return started
  }

  function settle(reply: CodecReply): void {
    const order = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0) worker?.unref()
    if (!order) return
    if ('result' in reply) order.resolve(reply.result as never)
    else if ('problem' in reply)
      order.reject(new Problem(reply.problem.code as ProblemCode, reply.problem.message))
    else order.reject(new Error(`In the codec thread: ${reply.bug}`))
  }

  function offload<Name extends OperationName>(
    operation: Name,
    args: Parameters<(typeof operations)[Name]>,
  ): Promise<ReturnType<(typeof operations)[Name]>> {
    worker ??= start()
    worker.ref()
    const target = worker
    return new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      target.postMessage({ id, operation, args })
    })
  }

  return {
    decodeInfer(body, headerLength, signature) {
      const jsonBytes = headerLength ?? body.byteLength
      if (jsonBytes <= inlineBytes) return operations.decodeInfer(body, headerLength, signature)
      return offload('decodeInfer', [body, headerLength, signature])
    },
    encodeInfer(answer) {
      const json = answer.outputs.filter(
        output => !answer.requested.find(wanted => wanted.name === output.name)?.binary,
      )
      return textBytes(json) <= inlineBytes
        ? operations.encodeInfer(answer)
        : offload('encodeInfer', [answer])
    },
    decodeNamed(body, signature) {
      return body.byteLength <= inlineBytes
        ? operations.decodeNamed(body, signature)
        : offload('decodeNamed', [body, signature])
    },
    encodeNamed(outputs) {
      return textBytes(outputs) <= inlineBytes
        ? operations.encodeNamed(outputs)
        : offload('encodeNamed', [outputs])
    },
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

/** About what the tensors take in JSON: a printed float has some ten characters. */
function textBytes(tensors: readonly Tensor[]): number {
  let bytes = 0
  for (const tensor of tensors) {
    bytes += tensor.data.length * 10
    if (Array.isArray(tensor.data)) for (const text of tensor.data) bytes += text.length
  }
  return bytes
}
