import type { Signature, Tensor } from '@roundhouse/sdk/contract'

/** Replies come in the order of the runs. */
export type ToThread =
  | { kind: 'run'; inputs: readonly Tensor[]; outputs: readonly string[] }
  /** After the runs sent before it. */
  | { kind: 'close' }

export type FromThread =
  | { kind: 'ready'; signature: Signature; loadMs: number }
  | { kind: 'refused'; text: string }
  | { kind: 'done'; outputs: Tensor[]; computeMs: number }
  | { kind: 'failed'; text: string }

/** The memory to hand over with a message instead of cloning it. Strings have none. */
export function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  return tensors.flatMap(({ data }) =>
    !Array.isArray(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : [],
  )
}
