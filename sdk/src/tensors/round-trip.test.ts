import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isProblem } from '../contract/problem.ts'
import { decodeBinary, encodeBinary } from './binary.ts'
import { type Datatype, datatypes } from './datatype.ts'
import { elementCount } from './elements.ts'
import { encodeInferRequest } from './encode-request.ts'
import { halfToNumber } from './half.ts'
import { decodeInferRequest } from './infer-request.ts'
import { decodeInferResponse, encodeInferResponse } from './infer-response.ts'
import { readElements } from './json-elements.ts'
import { flatJson, nestedJson } from './json-text.ts'
import { decodeNamedInputs, encodeNamedOutputs } from './named-inputs.ts'
import { parseJson } from './parse-json.ts'
import type { Signature, Tensor, TensorData, TensorSpec } from './tensor.ts'

const encoder = new TextEncoder()
/** Shapes of up to 4 sizes, from scalars over empty ones to 81 elements. */
const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
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
  const a: Tensor = { name: 'a', datatype: 'INT64', shape: [1, 2], data: BigInt64Array.of(1n, -(2n ** 60n)) }
  const b: Tensor = { name: 'b', datatype: 'BYTES', shape: [2], data: ['x', 'y'] }
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

/** A tensor of any datatype with any elements. NaN is the one of JavaScript, not another with the same meaning. */
function anyTensor(name: string, among: readonly Datatype[] = datatypes): fc.Arbitrary<Tensor> {
  return fc
    .record({ datatype: fc.constantFrom(...among), shape })
    .chain(head => elements(head.datatype, elementCount(head.shape)).map(data => ({ name, ...head, data })))
}

function elements(datatype: Datatype, length: number): fc.Arbitrary<TensorData> {
  const exactly = { minLength: length, maxLength: length }
  const integers = (min: number, max: number) => fc.array(fc.integer({ min, max }), exactly)
  switch (datatype) {
    case 'BOOL':
      return integers(0, 1).map(values => Uint8Array.from(values))
    case 'UINT8':
      return integers(0, 255).map(values => Uint8Array.from(values))
    case 'UINT16':
      return integers(0, 65_535).map(values => Uint16Array.from(values))
    case 'UINT32':
      return integers(0, 2 ** 32 - 1).map(values => Uint32Array.from(values))
    case 'INT8':
      return integers(-128, 127).map(values => Int8Array.from(values))
    case 'INT16':
      return integers(-32_768, 32_767).map(values => Int16Array.from(values))
    case 'INT32':
      return integers(-(2 ** 31), 2 ** 31 - 1).map(values => Int32Array.from(values))
    case 'UINT64':
      return fc
        .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), exactly)
        .map(values => BigUint64Array.from(values))
    case 'INT64':
      return fc
        .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), exactly)
        .map(values => BigInt64Array.from(values))
    case 'FP16':
      return integers(0, 65_535).map(values =>
        Uint16Array.from(values, bits => (Number.isNaN(halfToNumber(bits)) ? 0x7e00 : bits)),
      )
    case 'FP32':
      return fc.array(fc.float(), exactly).map(values => Float32Array.from(values))
    case 'FP64':
      return fc.array(fc.double(), exactly).map(values => Float64Array.from(values))
    case 'BYTES':
      return fc.array(fc.string({ unit: 'binary' }), exactly)
  }
}
