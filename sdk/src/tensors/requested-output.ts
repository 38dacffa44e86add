import { Problem } from '../contract/problem.ts'
import { describeValue, isObject, quoteName } from './names.ts'
import { readFlag, readParameters } from './parameters.ts'
import type { Signature, TensorSpec } from './tensor.ts'

/** One output that the reply shall have. */
export type RequestedOutput = {
  readonly name: string
  readonly binary: boolean
  /** Reply with the names of the so many highest elements of each row instead. */
  readonly classification?: number
}

/**
 * The `outputs` member of a request; all outputs of the model when it is absent, null or empty.
 * @throws Problem `invalid-request` for unknown names and names given twice; see `checkRequested`.
 */
export function readRequested(
  value: unknown,
  binaryOutputs: boolean,
  signature: Signature,
): RequestedOutput[] {
  const asked = value === undefined || value === null ? [] : value
  if (!Array.isArray(asked))
    throw new Problem('invalid-request', `outputs must be an array, got ${describeValue(value)}.`)
  if (asked.length === 0) {
    return signature.outputs.map(spec => {
      const requested = { name: spec.name, binary: binaryOutputs }
      checkRequested(spec, requested)
      return requested
    })
  }
  const seen = new Set<string>()
  return asked.map((output: unknown, index) => {
    const requested = readOne(output, `outputs[${index}]`, binaryOutputs)
    const spec = signature.outputs.find(candidate => candidate.name === requested.name)
    if (spec === undefined) {
      const names = signature.outputs.slice(0, 8).map(candidate => quoteName(candidate.name))
      throw new Problem(
        'invalid-request',
        `The model has no output ${quoteName(requested.name)}. It has ${names.join(', ')}${signature.outputs.length > 8 ? ', ...' : ''}.`,
      )
    }
    if (seen.has(requested.name)) {
      throw new Problem('invalid-request', `Output ${quoteName(requested.name)} is asked for twice.`)
    }
    seen.add(requested.name)
    checkRequested(spec, requested)
    return requested
  })
}

/**
 * Whether an output of this datatype can be sent as asked.
 * @throws Problem `invalid-tensor`.
 */
export function checkRequested(
  output: Pick<TensorSpec, 'name' | 'datatype'>,
  requested: RequestedOutput,
): void {
  if (requested.classification !== undefined) {
    if (output.datatype !== 'BYTES' && output.datatype !== 'BOOL') return
    throw new Problem(
      'invalid-tensor',
      `Output ${quoteName(output.name)} is ${output.datatype}: classification needs numbers.`,
    )
  }
  if (output.datatype !== 'FP16' || requested.binary) return
  throw new Problem(
    'invalid-tensor',
    `Output ${quoteName(output.name)} is FP16, which JSON does not carry. Ask for it with the binary tensor data extension: {"name":${JSON.stringify(output.name)},"parameters":{"binary_data":true}}.`,
  )
}

function readOne(output: unknown, where: string, binaryOutputs: boolean): RequestedOutput {
  if (!isObject(output) || typeof output.name !== 'string') {
    throw new Problem('invalid-request', `${where} must be an object with a name.`)
  }
  const parameters = readParameters(output.parameters, `output ${quoteName(output.name)}`)
  const { binary_data: flag, classification } = parameters
  const binary =
    flag === undefined ? binaryOutputs : readFlag('binary_data', flag, `output ${quoteName(output.name)}`)
  if (classification === undefined) return { name: output.name, binary }
  if (typeof classification !== 'number' || !Number.isSafeInteger(classification) || classification < 1) {
    throw new Problem(
      'invalid-request',
      `Parameter 'classification' of output ${quoteName(output.name)} must be a whole number from 1 on, got ${describeValue(classification)}.`,
    )
  }
  return { name: output.name, binary, classification }
}
