import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '../contract/problem.ts'
import type { ProblemCode } from '../contract/problem-codes.ts'
import { decodeInferRequest, type InferRequest } from './infer-request.ts'
import type { Signature, TensorSpec } from './tensor.ts'

const x: TensorSpec = { name: 'x', datatype: 'FP32', shape: [null, 2] }
const y: TensorSpec = { name: 'y', datatype: 'FP32', shape: [null, 1] }
const xy: Signature = { inputs: [x], outputs: [y] }
const good = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }

function modelOf(...inputs: TensorSpec[]): Signature {
  return { inputs, outputs: [y] }
}

function vector(datatype: TensorSpec['datatype']): Signature {
  return modelOf({ name: 'x', datatype, shape: [null] })
}

function decode(body: unknown, signature: Signature = xy): InferRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return decodeInferRequest(new TextEncoder().encode(text), undefined, signature)
}

function refuses(work: () => unknown, code: ProblemCode, ...messages: RegExp[]): void {
  assert.throws(work, error => {
    assert.ok(isProblem(error), String(error))
    assert.equal(error.code, code)
    for (const message of messages) assert.match(error.message, message)
    return true
  })
}

test('reads the example of the protocol', () => {
  const body =
    '{"id":"7","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"y"}]}'
  assert.deepEqual(decode(body), {
    id: '7',
    parameters: {},
    inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', data: Float32Array.of(1, 2, 3, 4) }],
    outputs: [{ name: 'y', binary: false }],
  })
})

test('takes data flat, nested and mixed, in row-major order', () => {
  for (const data of [
    [1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
    [[1, 2], 3, [[4]]],
  ]) {
    const request = decode({ inputs: [{ ...good, shape: [2, 2], data }] })
    assert.deepEqual(request.inputs[0]?.data, Float32Array.of(1, 2, 3, 4))
  }
})

test('takes no elements where a size is 0', () => {
  assert.deepEqual(
    decode({ inputs: [{ ...good, shape: [0, 2], data: [] }] }).inputs[0]?.data,
    new Float32Array(0),
  )
})

test('a model may have inputs in any order; the request gets the order of the model', () => {
  const two = modelOf(x, { name: 'n', datatype: 'INT64', shape: [null] })
  const n = { name: 'n', shape: [1], datatype: 'INT64', data: [5] }
  assert.deepEqual(
    decode({ inputs: [n, good] }, two).inputs.map(input => input.name),
    ['x', 'n'],
  )
})

test('64-bit integers keep every digit', () => {
  const data = '[9223372036854775807,-9223372036854775808,9007199254740993,-0]'
  const body = `{"inputs":[{"name":"x","shape":[4],"datatype":"INT64","data":${data}}],"parameters":{"seed":12345678901234567890}}`
  const request = decode(body, vector('INT64'))
  assert.deepEqual(
    request.inputs[0]?.data,
    BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n),
  )
  assert.deepEqual(request.parameters, { seed: Number('12345678901234567890') })
  const mixed = `{"inputs":[{"name":"n","shape":[1],"datatype":"UINT64","data":[18446744073709551615]},{"name":"x","shape":[1,2],"datatype":"FP32","data":[12345678901234567890,1]}]}`
  const both = decode(mixed, modelOf(x, { name: 'n', datatype: 'UINT64', shape: [1] }))
  assert.deepEqual(both.inputs[0]?.data, Float32Array.of(Number('12345678901234567890'), 1))
  assert.deepEqual(both.inputs[1]?.data, BigUint64Array.of(2n ** 64n - 1n))
})

test('floats take the three strings for what JSON has no number for', () => {
  const request = decode({ inputs: [{ ...good, shape: [2, 2], data: ['NaN', 'Infinity', '-Infinity', 1] }] })
  assert.deepEqual(request.inputs[0]?.data, Float32Array.of(Number.NaN, Infinity, -Infinity, 1))
  for (const word of ['inf', 'nan', '1', 'toString', '__proto__']) {
    refuses(() => decode({ inputs: [{ ...good, data: [word, 1] }] }), 'invalid-tensor', /element 0: .*got "/)
  }
  const bare = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}'
  refuses(() => decode(bare), 'invalid-json', /at position 63 /, /"NaN", "Infinity", "-Infinity"/)
  assert.equal(bare.indexOf('NaN'), 63)
})

test('refuses values that the datatype does not have, and shows expected and got', () => {
  const cases: [TensorSpec['datatype'], string, RegExp][] = [
    ['UINT8', '256', /element 1: expected an integer from 0 to 255, got 256/],
    ['UINT8', '-1', /got -1/],
    ['INT8', '128', /from -128 to 127/],
    ['INT32', '2147483648', /got 2147483648/],
    ['UINT32', '4294967296', /from 0 to 4294967295/],
    ['INT32', '1.5', /expected an integer .* got 1.5/],
    ['INT32', '"1"', /got "1"/],
    ['INT32', 'true', /got true/],
    ['INT64', '9223372036854775808', /got 9223372036854775808/],
    ['INT64', '0.5', /got 0.5/],
    ['INT64', '1e18', /all digits written/],
    ['UINT64', '-1', /from 0 to 18446744073709551615/],
    ['FP32', '1e39', /a number in the range of FP32, got 1e\+39/],
    ['FP64', '1e999', /range of FP64, got Infinity/],
    ['FP32', 'null', /got null/],
    ['FP32', '{}', /got an object/],
    ['BOOL', '1', /expected true or false, got 1/],
    ['BYTES', '1', /expected a string, got 1/],
    ['BYTES', '"\\ud800"', /lone surrogates/],
  ]
  for (const [datatype, literal, message] of cases) {
    const other = datatype === 'BOOL' ? 'true' : datatype === 'BYTES' ? '"a"' : '1'
    const body = `{"inputs":[{"name":"x","shape":[2],"datatype":"${datatype}","data":[${other},${literal}]}]}`
    refuses(() => decode(body, vector(datatype)), 'invalid-tensor', /Input 'x', element 1/, message)
  }
  assert.doesNotThrow(() => decode({ inputs: [{ ...good, data: [3.4028235677973362e38, 0] }] }))
})

test('refuses shapes, counts and datatypes that do not fit, with an example that does', () => {
  const cases: [object, RegExp[]][] = [
    [
      { shape: [1, 3], data: [1, 2, 3] },
      [/expected shape \[-1,2\] \(-1 is any size\), got \[1,3\]/, /"shape":\[1,2\]/],
    ],
    [
      { shape: [2], data: [1, 2] },
      [/got \[2\]/, /\{"name":"x","shape":\[1,2\],"datatype":"FP32","data":\[0,0\]\}/],
    ],
    [{ datatype: 'FP64' }, [/expected datatype FP32, got FP64/]],
    [{ datatype: 'FLOAT' }, [/"FLOAT" is not a datatype/]],
    [{ datatype: 'BF16' }, [/"BF16" is not a datatype that is served/]],
    [{ datatype: 7 }, [/7 is not a datatype/]],
    [{ shape: [2, 2] }, [/shape \[2,2\] has 4 elements, the data has 2/]],
    [{ shape: [1, -2] }, [/whole numbers from 0 on, got \[1,-2\]/]],
    [{ shape: [1.5, 2] }, [/got \[1.5,2\]/]],
    [{ shape: 2 }, [/shape must be an array/]],
    [{ shape: undefined }, [/shape must be an array.*got nothing/]],
    [{ shape: [2 ** 53, 2] }, [/shape must be an array/]],
    [{ shape: [2 ** 52, 2], data: [] }, [/more than 2\^53 - 1/]],
    [{ data: 1 }, [/data must be an array, got 1/]],
    [{ data: undefined }, [/neither data nor binary_data_size/]],
    [{ name: 'z' }, [/no input 'z'. It takes 'x' \(FP32 \[-1,2\]\)/]],
    [{ name: 'toString' }, [/no input 'toString'/]],
  ]
  for (const [change, messages] of cases) {
    refuses(() => decode({ inputs: [{ ...good, ...change }] }), 'invalid-tensor', ...messages)
  }
  refuses(() => decode({ inputs: [] }), 'invalid-tensor', /'x' is missing/, /For example: \{"name":"x"/)
  refuses(() => decode({ inputs: [good, good] }), 'invalid-tensor', /'x' is there twice/)
})

test('refuses data that is nested without end, and asks for no memory on the word of a shape', () => {
  const deep = `${'['.repeat(60)}1,2${']'.repeat(60)}`
  const body = (data: string, shape = '[1,2]') =>
    `{"inputs":[{"name":"x","shape":${shape},"datatype":"FP32","data":${data}}]}`
  assert.deepEqual(decode(body(deep)).inputs[0]?.data, Float32Array.of(1, 2))
  refuses(() => decode(body(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)), 'invalid-json', /64 levels/)
  refuses(
    () => decode(body('[]', '[1000000000000,2]')),
    'invalid-tensor',
    /has 2000000000000 elements, the data has 0/,
  )
})

test('refuses bodies of another form', () => {
  refuses(() => decode(''), 'invalid-json', /empty/)
  for (const body of ['[]', '"x"', '1', 'null', 'true'])
    refuses(() => decode(body), 'invalid-request', /JSON object/)
  refuses(
    () => decode({}),
    'invalid-request',
    /inputs must be an array. For example: \{"inputs":\[\{"name":"x"/,
  )
  refuses(() => decode({ inputs: [1] }), 'invalid-request', /inputs\[0\]/)
  refuses(() => decode({ inputs: [{ ...good, name: 1 }] }), 'invalid-request', /inputs\[0\]/)
  refuses(() => decode({ inputs: [good], id: 7 }), 'invalid-request', /id must be a string, got 7/)
  refuses(() => decode({ inputs: [good], outputs: {} }), 'invalid-request', /outputs must be an array/)
  refuses(() => decode({ inputs: [good], parameters: [] }), 'invalid-request', /parameters of the request/)
  assert.doesNotThrow(() =>
    decode({ inputs: [good], id: null, parameters: null, outputs: null, model_name: 'x' }),
  )
})

test('passes free parameters to the model and refuses reserved ones', () => {
  const decodeWith = (parameters: object) => decode({ inputs: [good], parameters })
  const request = decodeWith({ a: 1, b: 'two', c: true, priority: 2, timeout: 1500 })
  assert.deepEqual(request.parameters, { a: 1, b: 'two', c: true })
  assert.equal(request.priority, 2)
  assert.equal(request.timeoutMs, 1.5)
  assert.ok(!('timeoutMs' in decodeWith({ timeout: 0, priority: 0 })))
  for (const name of [
    'sequence_id',
    'sequence_start',
    'sequence_end',
    'headers',
    'triton_enable_empty_final_response',
  ]) {
    refuses(() => decodeWith({ [name]: 1 }), 'invalid-request', /is reserved/)
  }
  for (const value of [null, {}, [1]])
    refuses(() => decodeWith({ a: value }), 'invalid-request', /string, number or boolean/)
  for (const value of [-1, 0.5, '5'])
    refuses(() => decodeWith({ timeout: value }), 'invalid-request', /whole number/)
  refuses(() => decodeWith({ binary_data_output: 1 }), 'invalid-request', /true or false/)
  refuses(() => decode({ inputs: [{ ...good, parameters: { a: {} } }] }), 'invalid-request', /input 'x'/)
  const own = decode(
    '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}],"parameters":{"__proto__":5}}',
  )
  assert.deepEqual(Object.entries(own.parameters), [['__proto__', 5]])
})

test('shared memory is refused as not implemented, for inputs and for outputs', () => {
  const shared = { shared_memory_region: 'r', shared_memory_byte_size: 8 }
  const input = { name: 'x', shape: [1, 2], datatype: 'FP32', parameters: shared }
  refuses(() => decode({ inputs: [input] }), 'not-implemented', /Shared memory/)
  const output = { name: 'y', parameters: shared }
  refuses(() => decode({ inputs: [good], outputs: [output] }), 'not-implemented', /Shared memory/)
})

test('gives all outputs when none are named, and checks those that are', () => {
  const two: Signature = { inputs: [x], outputs: [y, { ...y, name: 'z' }] }
  assert.deepEqual(
    decode({ inputs: [good] }, two).outputs.map(output => output.name),
    ['y', 'z'],
  )
  assert.deepEqual(
    decode({ inputs: [good], outputs: [{ name: 'z' }, { name: 'y' }] }, two).outputs.map(o => o.name),
    ['z', 'y'],
  )
  refuses(
    () => decode({ inputs: [good], outputs: [{ name: 'q' }] }),
    'invalid-request',
    /no output 'q'. It has 'y'/,
  )
  refuses(
    () => decode({ inputs: [good], outputs: [{ name: 'y' }, { name: 'y' }] }),
    'invalid-request',
    /twice/,
  )
  refuses(() => decode({ inputs: [good], outputs: [{}] }), 'invalid-request', /outputs\[0\]/)
})

test('binary_data of an output beats binary_data_output of the request', () => {
  for (const [all, one, expected] of [
    [true, false, false],
    [false, true, true],
    [true, undefined, true],
    [undefined, undefined, false],
  ]) {
    const output = one === undefined ? { name: 'y' } : { name: 'y', parameters: { binary_data: one } }
    const parameters = all === undefined ? {} : { binary_data_output: all }
    const request = decode({ inputs: [good], parameters, outputs: [output] })
    assert.deepEqual(request.outputs, [{ name: 'y', binary: expected }])
    assert.deepEqual(request.parameters, {})
  }
  assert.deepEqual(decode({ inputs: [good], parameters: { binary_data_output: true } }).outputs, [
    { name: 'y', binary: true },
  ])
})
