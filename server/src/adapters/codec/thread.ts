import { parentPort } from 'node:worker_threads'
import { isProblem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import { type OperationName, operations } from './operations.ts'

export type CodecOrder = { id: number; operation: OperationName; args: unknown[] }
export type CodecReply =
  | { id: number; result: unknown }
  | { id: number; problem: { code: string; message: string } }
  | { id: number; bug: string }

invariant(parentPort, 'this module runs in a worker thread')
const port = parentPort

port.on('message', (order: CodecOrder | 'stop') => {
  if (order === 'stop') return port.close()
  try {
    // The arguments are those of the operation: `codec.ts` sends no others.
    const result: unknown = (operations[order.operation] as (...args: unknown[]) => unknown)(...order.args)
    port.postMessage({ id: order.id, result } satisfies CodecReply, buffersOf(result))
  } catch (error) {
    const reply: CodecReply = isProblem(error)
      ? { id: order.id, problem: { code: error.code, message: error.message } }
      : { id: order.id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    port.postMessage(reply)
  }
})

/** The buffers of the tensors in a result; they are handed over, not copied. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>()
  const tensors =
    result !== null && typeof result === 'object' && 'inputs' in result && Array.isArray(result.inputs)
      ? result.inputs
      : []
  for (const tensor of tensors) {
    if (ArrayBuffer.isView(tensor.data) && tensor.data.buffer instanceof ArrayBuffer)
      found.add(tensor.data.buffer)
  }
  if (
    result !== null &&
    typeof result === 'object' &&
    'body' in result &&
    result.body instanceof Uint8Array &&
    result.body.buffer instanceof ArrayBuffer
  ) {
    found.add(result.body.buffer)
  }
  return [...found]
}
