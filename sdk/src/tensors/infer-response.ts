import { Problem } from '../contract/problem.ts'
import { decodeBinary, encodeBinary } from './binary.ts'
import { createBlobReader, joinBinary } from './binary-body.ts'
import { classify } from './classification.ts'
import type { InferRequest } from './infer-request.ts'
import { readElements } from './json-elements.ts'
import { flatJson } from './json-text.ts'
import { describeValue, isObject, quoteName } from './names.ts'
import { type Parameters, readParameters } from './parameters.ts'
import { parseJson } from './parse-json.ts'
import { checkRequested, type RequestedOutput } from './requested-output.ts'
import { isDatatype, isShape } from './signature.ts'
import type { Tensor } from './tensor.ts'

/**
 * The body of an inference response. `headerLength` is the value of `Inference-Header-Content-Length`, undefined
 * when no output is binary and the body is JSON text.
 * @throws Problem `invalid-tensor` for an FP16 output that was not asked as binary, or classification of strings.
 */
export function encodeInferResponse(response: {
  modelName: string
  modelVersion: string
  id?: string | undefined
  /** At least the outputs that were requested. */
  outputs: readonly Tensor[]
  requested: InferRequest['outputs']
  parameters?: Parameters
}): { body: Uint8Array | string; headerLength: number | undefined } {
  const blobs: Uint8Array[] = []
  let outputs = ''
  for (const requested of response.requested) {
    const output = response.outputs.find(candidate => candidate.name === requested.name)
    if (output === undefined) throw new Error(`The output ${quoteName(requested.name)} was not computed.`)
    if (outputs !== '') outputs += ','
    outputs += encodeOutput(output, requested, blobs)
  }
  const id = response.id === undefined ? '' : `,"id":${JSON.stringify(response.id)}`
  const parameters =
    response.parameters === undefined ? '' : `,"parameters":${JSON.stringify(response.parameters)}`
  const json = `{"model_name":${JSON.stringify(response.modelName)},"model_version":${JSON.stringify(response.modelVersion)}${id}${parameters},"outputs":[${outputs}]}`
  return response.requested.some(requested => requested.binary)
    ? joinBinary(json, blobs)
    : { body: json, headerLength: undefined }
}

function encodeOutput(output: Tensor, requested: RequestedOutput, blobs: Uint8Array[]): string {
  checkRequested(output, requested)
  const sent = requested.classification === undefined ? output : classify(output, requested.classification)
  const head = `{"name":${JSON.stringify(sent.name)},"shape":[${sent.shape.join(',')}],"datatype":"${sent.datatype}"`
  if (!requested.binary) return `${head},"data":${flatJson(sent)}}`
  const blob = encodeBinary(sent)
  blobs.push(blob)
  return `${head},"parameters":{"binary_data_size":${blob.length}}}`
}

/**
 * Reads the body of an inference response. Outputs may be views of `body`.
 * @throws Problem `invalid-json`, `invalid-request`, `invalid-tensor` when the server's answer is not of the protocol.
 */
export function decodeInferResponse(
  body: Uint8Array,
  headerLength: number | undefined,
): { modelName: string; modelVersion?: string; id?: string; outputs: Tensor[] } {
  const json = headerLength === undefined ? body : body.subarray(0, headerLength)
  const response = parseJson(json, { exactIntegers: true })
  if (!isObject(response) || typeof response.model_name !== 'string' || !Array.isArray(response.outputs)) {
    throw new Problem('invalid-request', 'The response is not an object with model_name and outputs.')
  }
  const blobs = createBlobReader(body, headerLength, 'output')
  const outputs = response.outputs.map((output: unknown, index): Tensor => {
    if (
      !isObject(output) ||
      typeof output.name !== 'string' ||
      !isDatatype(output.datatype) ||
      !isShape(output.shape)
    ) {
      throw new Problem(
        'invalid-request',
        `outputs[${index}] of the response lacks a name, datatype or shape that can be read.`,
      )
    }
    const { name, datatype, shape } = output
    const parameters = readParameters(output.parameters, `output ${quoteName(name)}`)
    const size = parameters.binary_data_size
    if (size !== undefined) {
      return {
        name,
        datatype,
        shape,
        data: decodeBinary({ name, datatype }, shape, blobs.take(name, size), 'Output'),
      }
    }
    if (!Array.isArray(output.data)) {
      throw new Problem(
        'invalid-request',
        `Output ${quoteName(name)}: data must be an array, got ${describeValue(output.data)}.`,
      )
    }
    return { name, datatype, shape, data: readElements({ name, datatype }, shape, output.data, 'Output') }
  })
  blobs.end()
  return {
    modelName: response.model_name,
    ...(typeof response.model_version === 'string' && { modelVersion: response.model_version }),
    ...(typeof response.id === 'string' && { id: response.id }),
    outputs,
  }
}
