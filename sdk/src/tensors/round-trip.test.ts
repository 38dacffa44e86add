import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isProblem } from '../contract/problem.ts'
import { decodeBinary, encodeBinary } from './binary.ts'
import { datatypes } from './datatype.ts'
import { encodeInferRequest } from './encode-request.ts'
import { decodeInferRequest } from './infer-request.ts'
import { decodeInferResponse, encodeInferResponse } from './infer-response.ts'
import { readElements } from './json-elements.ts'
import { flatJson, nestedJson } from './json-text.ts'
import { decodeNamedInputs, encodeNamedOutputs } from './named-inputs.ts'
import { parseJson } from './parse-json.ts'
import { anyTensor } from './tensor.arbitrary.ts'
import type { Signature, Tensor, TensorSpec } from './tensor.ts'

const encoder = new TextEncoder()
const inJson = datatypes.filter(datatype => datatype !== 'FP16')

function specOf(tensor: Tensor): TensorSpec {
  return {
    name: tensor.name,
    datatype: tensor.datatype,
    shape: tensor.shape.map((size, index) => (index % 2 ? size : null)),
  }
}

function signatureOf(tensors: readonly Tensor[]): Signature {
  return { inputs: tensors.map(specOf), outputs: [] }
}

function read(text: string): unknown {
  return parseJson(encoder.encode(text), { exactIntegers: true })
}

/** The bytes at an odd place of a larger buffer, as in a request body. */
function unaligned(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 5)
  buffer.set(bytes, 3)
  return buffer.subarray(3, 3 + bytes.length)
}

test('binary elements come back as they were, at any alignment', () => {
  fc.assert(
    fc.property(anyTensor('x'), tensor => {
      const bytes = encodeBinary(tensor)
      assert.deepEqual(decodeBinary(tensor, tensor.shape, bytes), tensor.data)
      assert.deepEqual(decodeBinary(tensor, tensor.shape, unaligned(bytes)), tensor.data)
    }),
    { numRuns: 500 },
  )
})

test('JSON elements come back as they were, flat and nested', () => {
  fc.assert(
    fc.property(anyTensor('x'), tensor => {
      const flat = flatJson(tensor)
      assert.deepEqual(readElements(tensor, tensor.shape, read(flat)), tensor.data)
      assert.doesNotThrow(() => JSON.parse(flat))
      assert.deepEqual(readElements(tensor, tensor.shape, read(nestedJson(tensor))), tensor.data)
    }),
    { numRuns: 1000 },
  )
})

test('a request reads back as it was, in JSON and in binary', () => {
  const request = fc.record({
    inputs: fc.tuple(anyTensor('a'), anyTensor('b'), anyTensor('__proto__')),
    binary: fc.boolean(),
    id: fc.option(fc.string(), { nil: undefined }),
  })
  fc.assert(
    fc.property(request, ({ inputs, binary, id }) => {
      // FP16 inputs go as blobs in either case, so that many of these requests are a mixture.
      const { body, headerLength } = encodeInferRequest({ inputs, binary, ...(id !== undefined && { id }) })
      const decoded = decodeInferRequest(unaligned(body), headerLength, signatureOf(inputs))
      assert.deepEqual(decoded.inputs, inputs)
      assert.equal(decoded.id, id)
      assert.deepEqual(
        decodeInferRequest(body, headerLength, signatureOf(inputs.toReversed())).inputs,
        inputs.toReversed(),
      )
    }),
    { numRuns: 500 },
  )
})

test('a response reads back as it was, each output as JSON or binary', () => {
  const response = fc.record({
    outputs: fc.tuple(anyTensor('a'), anyTensor('b', inJson)),
    binary: fc.boolean(),
    id: fc.option(fc.string(), { nil: undefined }),
  })
  fc.assert(
    fc.property(response, ({ outputs, binary, id }) => {
      const requested = outputs.map(output => ({
        name: output.name,
        binary: output.datatype === 'FP16' || binary,
      }))
      const { body, headerLength } = encodeInferResponse({
        modelName: 'm"',
        modelVersion: '1',
        id,
        outputs,
        requested,
      })
      const bytes = typeof body === 'string' ? encoder.encode(body) : body
      assert.deepEqual(decodeInferResponse(bytes, headerLength), {
        modelName: 'm"',
        modelVersion: '1',
        ...(id !== undefined && { id }),
        outputs,
      })
    }),
    { numRuns: 500 },
  )
})

test('named outputs read back as named inputs', () => {
  fc.assert(
    fc.property(fc.tuple(anyTensor('a'), anyTensor('__proto__')), tensors => {
      // What follows an empty size cannot be told from the nesting; the declared sizes tell it.
      const declared = tensors.map(tensor => ({
        name: tensor.name,
        datatype: tensor.datatype,
        shape: tensor.shape,
      }))
      const json = encodeNamedOutputs(tensors)
      assert.deepEqual(decodeNamedInputs(read(json), { inputs: declared, outputs: [] }), tensors)
    }),
    { numRuns: 500 },
  )
})

test('whatever is sent, nothing but a Problem is thrown', () => {
  const [a, b] = fc.sample(anyTensor('a', ['BYTES', 'INT64', 'FP32', 'BOOL']), 2)
  assert.ok(a && b)
  const signature: Signature = {
    inputs: [specOf(a)],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [null] }],
  }
  const valid = encodeInferRequest({ inputs: [a], outputs: ['y'] })
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map(changes => {
      const bytes = valid.body.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
  const json = fc
    .record(
      {
        inputs: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              {
                name: fc.oneof(fc.constant('a'), fc.jsonValue()),
                datatype: fc.oneof(fc.constant(a.datatype), fc.jsonValue()),
                shape: fc.oneof(fc.constant(a.shape), fc.jsonValue()),
                parameters: fc.oneof(fc.constant({ binary_data_size: 3 }), fc.jsonValue()),
                data: fc.jsonValue(),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
        parameters: fc.jsonValue(),
        outputs: fc.oneof(
          fc.jsonValue(),
          fc.array(fc.record({ name: fc.constant('y'), parameters: fc.jsonValue() })),
        ),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map(value => encoder.encode(JSON.stringify(value)))
  const onlyProblems = (work: () => unknown): void => {
    try {
      work()
    } catch (error) {
      assert.ok(isProblem(error), error instanceof Error ? error.stack : String(error))
    }
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated, json),
      fc.constantFrom(undefined, 0, 1, valid.headerLength),
      (body, headerLength) => {
        onlyProblems(() => decodeInferRequest(body, headerLength, signature))
        onlyProblems(() => decodeInferResponse(body, headerLength))
        onlyProblems(() => decodeBinary(b, b.shape, body))
      },
    ),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(fc.constant('a'), fc.jsonValue())), value => {
      onlyProblems(() => decodeNamedInputs(value, signature))
    }),
  )
})
