import type { Signature, Tensor } from '@roundhouse/sdk/contract'

/** To the thread or process of a session. Replies come in the order of the runs. */
export type ToSession =
  | { kind: 'run'; inputs: readonly Tensor[]; outputs: readonly string[] }
  /** After the runs sent before it. */
  | { kind: 'close' }

export type FromSession =
  | { kind: 'ready'; signature: Signature; loadMs: number }
  | { kind: 'refused'; text: string }
  | { kind: 'done'; outputs: Tensor[]; computeMs: number }
  | { kind: 'failed'; text: string }

/** The memory to hand over with a message between threads instead of cloning it. Strings have none. */
export function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  return tensors.flatMap(({ data }) =>
    !Array.isArray(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : [],
  )
}
