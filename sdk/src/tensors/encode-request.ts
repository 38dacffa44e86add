import { Problem } from '../contract/problem.ts'
import { encodeBinary } from './binary.ts'
import { joinBinary } from './binary-body.ts'
import { elementCount, shapeText } from './elements.ts'
import { flatJson } from './json-text.ts'
import { quoteName } from './names.ts'
import type { Parameters } from './parameters.ts'
import type { Tensor } from './tensor.ts'

const encoder = new TextEncoder()

/**
 * The body of an inference request. Binary in both directions by default, which is 12 to 23 times faster for an
 * image; with `binary: false` all JSON, except FP16 inputs. `headerLength` is the value to send
 * as `Inference-Header-Content-Length`; undefined: do not send it.
 * @throws Problem `invalid-tensor` when the elements are not as many as the shape has, or a string has a lone surrogate.
 */
export function encodeInferRequest(request: {
  id?: string
  inputs: readonly Tensor[]
  /** All when absent. */
  outputs?: readonly string[]
  binary?: boolean
  parameters?: Parameters
}): { body: Uint8Array; headerLength: number | undefined } {
  const { id, inputs, outputs, binary = true } = request
  const blobs: Uint8Array[] = []
  const texts = inputs.map(input => encodeInput(input, binary || input.datatype === 'FP16', blobs))
  const parameters = { ...request.parameters, ...(binary && { binary_data_output: true }) }
  const members = [
    ...(id === undefined ? [] : [`"id":${JSON.stringify(id)}`]),
    ...(Object.keys(parameters).length === 0 ? [] : [`"parameters":${JSON.stringify(parameters)}`]),
    `"inputs":[${texts.join(',')}]`,
    ...(outputs === undefined ? [] : [`"outputs":${JSON.stringify(outputs.map(name => ({ name })))}`]),
  ]
  const json = `{${members.join(',')}}`
  return blobs.length > 0 ? joinBinary(json, blobs) : { body: encoder.encode(json), headerLength: undefined }
}

function encodeInput(input: Tensor, binary: boolean, blobs: Uint8Array[]): string {
  const expected = elementCount(input.shape)
  if (input.data.length !== expected) {
    throw new Problem(
      'invalid-tensor',
      `Input ${quoteName(input.name)}: shape ${shapeText(input.shape)} has ${expected} elements, the data has ${input.data.length}.`,
    )
  }
  const head = `{"name":${JSON.stringify(input.name)},"shape":[${input.shape.join(',')}],"datatype":"${input.datatype}"`
  if (!binary) return `${head},"data":${flatJson(input)}}`
  const blob = encodeBinary(input)
  blobs.push(blob)
  return `${head},"parameters":{"binary_data_size":${blob.length}}}`
}
