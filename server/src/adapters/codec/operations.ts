import {
  decodeInferRequest,
  decodeNamedInputs,
  encodeInferResponse,
  encodeNamedOutputs,
  type InferRequest,
  Problem,
  parseJson,
  type Signature,
  type Tensor,
} from '@roundhouse/sdk/contract'
import type { EncodedInference, InferenceAnswer, NamedRequest } from '../../ports/tensor-codec.ts'

/** The work itself, the same on either thread. */
export const operations = {
  decodeInfer(body: Uint8Array, headerLength: number | undefined, signature: Signature): InferRequest {
    return decodeInferRequest(body, headerLength, signature)
  },

  encodeInfer(answer: InferenceAnswer): EncodedInference {
    return encodeInferResponse(answer)
  },

  decodeNamed(body: Uint8Array, signature: Signature): NamedRequest {
    const exactIntegers = signature.inputs.some(
      input => input.datatype === 'INT64' || input.datatype === 'UINT64',
    )
    const value = parseJson(body, { exactIntegers })
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Problem('invalid-request', 'The body must be an object: {"input_data": {...}}.')
    }
    const { input_data: inputData, skip_cache: skipCache, ...unknown } = value as Record<string, unknown>
    const [field] = Object.keys(unknown)
    if (field !== undefined)
      throw new Problem(
        'invalid-request',
        `Unknown field ${JSON.stringify(field)}. The body has input_data and, if wanted, skip_cache.`,
      )
    if (inputData === undefined)
      throw new Problem('invalid-request', 'input_data is missing: {"input_data": {"<input>": ...}}.')
    if (skipCache !== undefined && typeof skipCache !== 'boolean')
      throw new Problem('invalid-request', 'skip_cache must be true or false.')
    return { inputs: decodeNamedInputs(inputData, signature), skipCache: skipCache ?? false }
  },

  encodeNamed(outputs: readonly Tensor[]): string {
    return encodeNamedOutputs(outputs)
  },
}

export type OperationName = keyof typeof operations
