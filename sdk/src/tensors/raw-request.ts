import { Problem } from '../contract/problem.ts'
import { decodeBinary, decodeString } from './binary.ts'
import { bytesPerElement } from './datatype.ts'
import { elementCount, shapeText } from './elements.ts'
import { quoteName } from './names.ts'
import type { Parameters } from './parameters.ts'
import type { RequestedOutput } from './requested-output.ts'
import type { Signature, Tensor, TensorSpec } from './tensor.ts'

type RawRequest = { parameters: Parameters; inputs: Tensor[]; outputs: RequestedOutput[] }

/**
 * A raw binary request (`Inference-Header-Content-Length: 0`): the body is the bytes of the only input. One size that
 * the model leaves open follows from the number of bytes; a model that batches gets a batch of 1. A BYTES
 * input of shape [1] is the string itself. All outputs come back binary.
 * @throws Problem `invalid-request` when the model does not qualify, `invalid-tensor` when the bytes do not.
 */
export function decodeRawRequest(body: Uint8Array, signature: Signature): RawRequest {
  const [spec] = signature.inputs
  if (spec === undefined || signature.inputs.length > 1) {
    throw new Problem(
      'invalid-request',
      `A raw binary request (Inference-Header-Content-Length: 0) needs a model with one input, this one has ${signature.inputs.length}.`,
    )
  }
  const sizes = batches(signature) ? [1, ...spec.shape.slice(1)] : spec.shape
  return {
    parameters: {},
    inputs: [spec.datatype === 'BYTES' ? readString(spec, sizes, body) : readFixed(spec, sizes, body)],
    outputs: signature.outputs.map(output => ({ name: output.name, binary: true })),
  }
}

/** The model stacks requests along its first dimension when that is open in all inputs and outputs. */
function batches(signature: Signature): boolean {
  return [...signature.inputs, ...signature.outputs].every(spec => spec.shape[0] === null)
}

function readString(spec: TensorSpec, sizes: readonly (number | null)[], body: Uint8Array): Tensor {
  if (sizes.some(size => size !== 1)) {
    throw new Problem(
      'invalid-request',
      `A raw binary request takes a BYTES input of one element, ${quoteName(spec.name)} is ${shapeText(spec.shape)}.`,
    )
  }
  const data = [decodeString(spec.name, 0, body, 'Input')]
  return { name: spec.name, datatype: spec.datatype, shape: sizes.map(() => 1), data }
}

function readFixed(spec: TensorSpec, sizes: readonly (number | null)[], body: Uint8Array): Tensor {
  const width = spec.datatype === 'BYTES' ? 1 : bytesPerElement[spec.datatype]
  if (sizes.filter(size => size === null).length > 1) {
    throw new Problem(
      'invalid-request',
      `A raw binary request leaves no room to say the shape, and ${quoteName(spec.name)} ${shapeText(spec.shape)} has more than one open size. Send JSON with binary_data_size instead.`,
    )
  }
  const step = width * elementCount(sizes.map(size => size ?? 1))
  const open = step === 0 ? 0 : Math.floor(body.length / step)
  const shape = sizes.map(size => size ?? open)
  return { name: spec.name, datatype: spec.datatype, shape, data: decodeBinary(spec, shape, body) }
}
