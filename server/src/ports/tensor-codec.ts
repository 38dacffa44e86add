import type { InferRequest, Signature, Tensor } from '@roundhouse/sdk/contract'

/** Body of `POST /api/v1/models/{id}/predict`. */
export type NamedRequest = { inputs: Tensor[]; skipCache: boolean }

/** Body of an Open Inference Protocol answer; `headerLength` is set when it is not JSON alone. */
export type EncodedInference = { body: Uint8Array | string; headerLength: number | undefined }

export type InferenceAnswer = {
  modelName: string
  modelVersion: string
  id?: string
  outputs: Tensor[]
  requested: InferRequest['outputs']
}

/**
 * Bodies to tensors and back. Small ones synchronously; one that would hold the event loop for more than about a
 * millisecond goes to a thread: once a decode has returned a promise the body is spent. Every method throws, or rejects
 * with, Problem `invalid-json` or `invalid-tensor`; a decode also `model-overloaded`, when too much waits.
 */
export type TensorCodec = {
  decodeInfer(
    body: Uint8Array,
    headerLength: number | undefined,
    signature: Signature,
  ): InferRequest | Promise<InferRequest>
  encodeInfer(answer: InferenceAnswer): EncodedInference | Promise<EncodedInference>
  decodeNamed(body: Uint8Array, signature: Signature): NamedRequest | Promise<NamedRequest>
  /** JSON text. */
  encodeNamed(outputs: readonly Tensor[]): string | Promise<string>
  close(): Promise<void>
}
