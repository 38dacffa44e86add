import type { Datatype, Signature, TensorSpec } from '@roundhouse/sdk/contract'

type Schema = Readonly<Record<string, unknown>>

/** JSON Schema of what a model is given: an object of nested arrays, as `POST /api/v1/models/{id}/predict` takes it. */
export function inputSchema({ inputs }: Signature): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(inputs.map(input => [input.name, nested(input, element(input.datatype))])),
    required: inputs.map(({ name }) => name),
    additionalProperties: false,
  }
}

/** JSON Schema of what a model gives, as `TensorCodec.encodeNamed` writes it. */
export function outputSchema({ outputs }: Signature): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      outputs.map(output => [output.name, nested(output, givenElement(output.datatype))]),
    ),
    required: outputs.map(({ name }) => name),
    additionalProperties: false,
  }
}

/** For a model that reads: `probability (FP32, 1 x any)`. */
export function describeOutputs({ outputs }: Signature): string {
  return outputs
    .map(({ name, datatype, shape }) => `${name} (${[datatype, shapeOf(shape)].filter(Boolean).join(', ')})`)
    .join(', ')
}

function nested({ shape }: TensorSpec, element: Schema): Schema {
  return shape.reduceRight<Schema>(
    (items, size) => ({
      type: 'array',
      items,
      ...(size === null ? {} : { minItems: size, maxItems: size }),
    }),
    element,
  )
}

/** JSON has no numbers for these. */
const notFinite = { enum: ['NaN', 'Infinity', '-Infinity'] }

function givenElement(datatype: Datatype): Schema {
  const given = element(datatype)
  return given.type === 'number' ? { anyOf: [given, notFinite] } : given
}

function element(datatype: Datatype): Schema {
  if (datatype === 'BOOL') return { type: 'boolean' }
  if (datatype === 'BYTES') return { type: 'string' }
  return { type: /^U?INT/.test(datatype) ? 'integer' : 'number' }
}

function shapeOf(shape: readonly (number | null)[]): string {
  return shape.map(size => size ?? 'any').join(' x ')
}
