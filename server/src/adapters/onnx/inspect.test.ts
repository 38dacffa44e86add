import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import {
  identityModel,
  largeModel,
  loopModel,
  mlpModel,
  nonZeroModel,
  randomModel,
  stringModel,
} from '../../testing/onnx/models.ts'
import { createRandom } from '../../testing/onnx/random.ts'
import {
  floats,
  graph,
  integers,
  model,
  node,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  value,
} from '../../testing/onnx/writer.ts'
import { inspectOnnx } from './inspect.ts'
import { createOnnxRuntime } from './runtime.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-inspect-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function write(bytes: Uint8Array | string): string {
  const path = join(folder, `${files++}.onnx`)
  writeFileSync(path, bytes)
  return path
}

function inspect(bytes: Uint8Array | string) {
  return inspectOnnx(write(bytes))
}

/** The sentence of the refusal. */
function refusal(bytes: Uint8Array | string): string {
  return refusalOf(write(bytes))
}

function refusalOf(path: string): string {
  try {
    inspectOnnx(path)
  } catch (error) {
    assert.ok(isProblem(error), String(error))
    assert.equal(error.code, 'invalid-model')
    return error.message
  }
  throw new Error('The file was accepted.')
}

/** `x` FP32 [2] -> `y`, with these nodes and constants. */
function modelOf(
  nodes: OnnxNode[],
  initializers: OnnxTensor[] = [],
  extra: Record<string, unknown> = {},
): Uint8Array {
  return model({ ...graphOf(nodes, initializers) }, {}, extra)
}

function graphOf(nodes: OnnxNode[], initializers: OnnxTensor[] = []): OnnxGraph {
  return graph({ nodes, initializers, inputs: [value('x', 'FP32', [2])], outputs: [value('y', 'FP32')] })
}

const identity = node('Identity', ['x'], ['y'])
const outside = {
  name: 'w',
  dims: [2],
  data_type: 1,
  data_location: 1,
  external_data: [{ key: 'location', value: '/etc/passwd' }],
}

describe('what a file is', () => {
  test('tells producer, versions, size and metadata of a model', () => {
    const facts = inspect(
      model(graphOf([identity]), { author: 'A. Person' }, { producer_version: '1.2', doc_string: 'Echo.' }),
    )
    assert.deepEqual(facts, {
      format: 'onnx',
      properties: {
        author: 'A. Person',
        producer: 'roundhouse',
        producer_version: '1.2',
        doc: 'Echo.',
        graph: 'main',
        ir_version: '8',
        opset: 'ai.onnx 13, ai.onnx.ml 3',
        nodes: '1',
      },
      deterministic: true,
      boundedCost: true,
    })
  })

  test('leaves out metadata nobody could read, and zero characters', () => {
    const { properties } = inspect(model(graphOf([identity]), { long: 'x'.repeat(20_000), zero: 'a\0b' }))
    assert.equal(properties.long, undefined)
    assert.equal(properties.zero, 'a\ufffdb')
  })

  test('knows models whose answers may be cached from those with chance in them', () => {
    assert.equal(inspect(mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })).deterministic, true)
    assert.equal(inspect(randomModel()).deterministic, false)
    const training = (mode: number) => ({
      name: 'mode',
      dims: [],
      data_type: 9,
      raw_data: new Uint8Array([mode]),
    })
    const dropout = node('Dropout', ['x', '', 'mode'], ['y'])
    assert.equal(inspect(modelOf([dropout], [training(1)])).deterministic, false)
    assert.equal(inspect(modelOf([dropout], [training(0)])).deterministic, true)
    assert.equal(inspect(modelOf([dropout])).deterministic, false, 'a mode that is not constant')
    assert.equal(inspect(modelOf([node('Dropout', ['x'], ['y'])])).deterministic, true)
  })

  test('finds chance inside a branch and inside a function', () => {
    const branch = { graph: graphOf([node('RandomNormalLike', ['x'], ['y'])]) }
    const choose = node('If', ['go'], ['y'], { then_branch: branch, else_branch: branch })
    assert.equal(inspect(modelOf([choose])).deterministic, false)
    const noise = {
      name: 'Noise',
      domain: 'mine',
      input: ['x'],
      output: ['y'],
      node: [node('Bernoulli', ['x'], ['y'])],
    }
    const call = node('Noise', ['x'], ['y'], {}, 'mine')
    assert.equal(inspect(modelOf([call], [], { functions: [noise] })).deterministic, false)
  })

  test('knows models whose cost follows from the shapes from those where a value decides', () => {
    assert.equal(inspect(mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })).boundedCost, true)
    assert.equal(inspect(stringModel()).boundedCost, true)
    assert.equal(inspect(loopModel()).boundedCost, false)
    assert.equal(inspect(nonZeroModel()).boundedCost, false)
    const twice = {
      name: 'Twice',
      domain: 'mine',
      input: ['x'],
      output: ['y'],
      node: [node('Add', ['x', 'x'], ['y'])],
    }
    assert.equal(
      inspect(modelOf([node('Twice', ['x'], ['y'], {}, 'mine')], [], { functions: [twice] })).boundedCost,
      true,
    )
  })
})

describe('what is not ONNX', () => {
  const others: [string, Uint8Array | string, RegExp][] = [
    ['an empty file', '', /empty/],
    ['a pickle', Buffer.from([0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x2e]), /pickle/],
    ['a zip of PyTorch', 'PK\x03\x04model/DATA.PKL', /PyTorch/],
    ['Keras HDF5', Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1'), /HDF5/],
    ['GGUF', 'GGUF\x03\0\0\0', /GGUF/],
    ['safetensors', '\x10\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}', /safetensors/],
    ['TensorFlow Lite', '\x1c\0\0\0TFL3\0\0', /TensorFlow Lite/],
    ['an ORT file', '\x18\0\0\0ORTM\0\0', /ORT/],
    ['an HTML page', '<!DOCTYPE html><html>Not found</html>', /HTML/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0', /git lfs pull/],
    ['JSON', '{"graph": []}', /JSON/],
    ['text', 'hello, world', /not an ONNX model/],
    ['zeros', new Uint8Array(1000), /not an ONNX model/],
  ]
  for (const [name, bytes, expected] of others) {
    test(`refuses ${name} and says what it is`, () => assert.match(refusal(bytes), expected))
  }

  test('refuses a model without a graph, and one without an opset', () => {
    assert.match(refusal(model(graphOf([identity]), {}, { graph: null })), /no graph/)
    assert.match(refusal(model(graphOf([identity]), {}, { opset_import: [] })), /opset/)
  })

  test('refuses a file cut off at any byte of its graph', () => {
    const whole = mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })
    const path = write(whole)
    for (let length = 1; length < whole.length - 40; length++) {
      writeFileSync(path, whole.subarray(0, length))
      assert.match(refusalOf(path), /truncated|not an ONNX model/, `cut at ${length}`)
    }
  })

  test('meets damaged bytes with a sentence or not at all', () => {
    const whole = Buffer.from(loopModel())
    const random = createRandom(1)
    const path = write(whole)
    let refused = 0
    for (let attempt = 0; attempt < 1000; attempt++) {
      const damaged = Buffer.from(whole)
      for (let flip = 0; flip < 3; flip++)
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256)
      writeFileSync(path, damaged)
      try {
        inspectOnnx(path)
      } catch (error) {
        assert.ok(isProblem(error) && error.code === 'invalid-model', String(error))
        refused++
      }
    }
    assert.ok(refused > 200, `${refused}`)
  })
})

describe('what reaches outside the file', () => {
  const sparse = { values: outside, indices: integers('i', [0]), dims: [2] }
  const inBranch = node('If', ['go'], ['y'], { then_branch: { graph: graphOf([identity], [outside]) } })
  const inFunction = {
    name: 'F',
    domain: 'mine',
    node: [node('Constant', [], ['y'], { value: { tensor: outside } })],
  }
  const places: [string, Uint8Array][] = [
    ['a constant', modelOf([identity], [outside])],
    ['a constant that only names a file', modelOf([identity], [{ ...outside, data_location: 0 }])],
    ['a constant that only says so', modelOf([identity], [{ ...outside, external_data: [] }])],
    ['an attribute', modelOf([node('Constant', [], ['y'], { value: { tensor: outside } })])],
    ['a branch', modelOf([inBranch])],
    ['a sparse constant', model({ ...graphOf([identity]), sparse_initializer: [sparse] })],
    [
      'a sparse attribute',
      modelOf([{ op_type: 'Constant', output: ['y'], attribute: [{ name: 'v', sparse_tensor: sparse }] }]),
    ],
    ['a function', modelOf([identity], [], { functions: [inFunction] })],
    [
      'training data',
      modelOf([identity], [], { training_info: [{ algorithm: graphOf([identity], [outside]) }] }),
    ],
  ]
  for (const [name, bytes] of places) {
    test(`refuses data in another file in ${name}`, () => assert.match(refusal(bytes), /another file/))
  }

  test('refuses links, folders and pipes, also those that point at a good model', () => {
    const good = write(modelOf([identity]))
    const symbolic = join(folder, 'symbolic.onnx')
    symlinkSync(good, symbolic)
    assert.match(refusalOf(symbolic), /regular file/)
    const hard = join(folder, 'hard.onnx')
    linkSync(good, hard)
    assert.match(refusalOf(hard), /regular file/)
    const pipe = join(folder, 'pipe.onnx')
    execFileSync('mkfifo', [pipe])
    assert.match(refusalOf(pipe), /regular file/)
    const directory = join(folder, 'folder.onnx')
    mkdirSync(directory)
    assert.match(refusalOf(directory), /regular file/)
  })
})

describe('what is larger than it looks', () => {
  const shaped = (dims: number[]) => ({ ...floats('w', dims, new Float32Array(2)) })

  test('refuses a constant whose shape and bytes do not agree', () => {
    assert.match(
      refusal(modelOf([identity], [shaped([1_000_000, 1_000_000, 1_000_000])])),
      /\[1000000,1000000,1000000\]/,
    )
    assert.match(refusal(modelOf([identity], [shaped([2 ** 40, 2 ** 40])])), /holds 8/)
    assert.match(refusal(modelOf([identity], [shaped([3])])), /needs 12 bytes, but holds 8/)
    assert.match(refusal(modelOf([identity], [shaped([-2])])), /negative dimension -2/)
    assert.match(
      refusal(modelOf([identity], [{ name: 'w', dims: [9], data_type: 7, int64_data: [1, 2] }])),
      /at least 9/,
    )
    assert.match(
      refusal(modelOf([identity], [{ name: 'w', dims: [9], data_type: 8, string_data: [] }])),
      /0 strings/,
    )
    assert.match(refusal(modelOf([identity], [{ ...shaped([2]), data_type: 99 }])), /element type 99/)
    assert.equal(
      inspect(modelOf([identity], [{ name: 'w', dims: [2], data_type: 1, float_data: [1, 2] }])).boundedCost,
      true,
    )
  })

  test('refuses a sparse constant that would be a terabyte dense', () => {
    const sparse = {
      values: floats('v', [1], new Float32Array(1)),
      indices: integers('i', [0]),
      dims: [2 ** 38],
    }
    assert.match(refusal(model({ ...graphOf([identity]), sparse_initializer: [sparse] })), /sparse/)
  })

  const side = 2 ** 15
  const grown: [string, OnnxNode[], OnnxTensor[]][] = [
    ['ConstantOfShape', [node('ConstantOfShape', ['s'], ['y'])], [integers('s', [side, side])]],
    ['Expand', [node('Expand', ['x', 's'], ['y'])], [integers('s', [side, side, 2])]],
    ['Tile', [node('Tile', ['x', 's'], ['y'])], [integers('s', [2 ** 30])]],
    [
      'Range',
      [node('Range', ['a', 'b', 'd'], ['y'])],
      [integers('a', [0], []), integers('b', [2 ** 40], []), integers('d', [1], [])],
    ],
    ['RandomNormal', [node('RandomNormal', [], ['y'], { shape: { ints: [side, side] } })], []],
    ['Pad', [node('Pad', ['x', 's'], ['y'])], [integers('s', [0, 2 ** 40])]],
    [
      'Resize',
      [node('Resize', ['x', '', 's'], ['y'])],
      [floats('s', [2], new Float32Array([2 ** 20, 2 ** 20]))],
    ],
    ['OneHot', [node('OneHot', ['x', 's', 'v'], ['y'])], [integers('s', [2 ** 40], [])]],
  ]
  for (const [operator, nodes, constants] of grown) {
    test(`refuses ${operator} of a constant shape with a billion elements`, () => {
      assert.match(refusal(modelOf(nodes, constants)), new RegExp(`operator ${operator} would make \\d+`))
    })
  }

  test('finds the shape in a Constant node, and around a branch', () => {
    const shape = integers('s', [side, side])
    const grow = node('ConstantOfShape', ['s'], ['y'])
    assert.match(
      refusal(modelOf([node('Constant', [], ['s'], { value: { tensor: shape } }), grow])),
      /ConstantOfShape/,
    )
    assert.match(
      refusal(modelOf([node('Constant', [], ['s'], { value_ints: { ints: [side, side] } }), grow])),
      /ConstantOfShape/,
    )
    const branch = node('If', ['go'], ['y'], { then_branch: { graph: graphOf([grow]) } })
    assert.match(refusal(modelOf([branch], [shape])), /ConstantOfShape/)
  })

  test('accepts shapes of a usual size', () => {
    assert.equal(
      inspect(modelOf([node('Expand', ['x', 's'], ['y'])], [integers('s', [512, 512, -1])])).deterministic,
      true,
    )
  })

  test('refuses functions that write themselves out for ever, or into a billion operators', () => {
    const call = (name: string) => node(name, ['x'], ['y'], {}, 'mine')
    const itself = { name: 'A', domain: 'mine', input: ['x'], output: ['y'], node: [call('A')] }
    assert.match(refusal(modelOf([call('A')], [], { functions: [itself] })), /calls itself/)
    const doubling = Array.from({ length: 40 }, (_, level) => ({
      name: `F${level}`,
      domain: 'mine',
      node: level === 39 ? [identity] : [call(`F${level + 1}`), call(`F${level + 1}`)],
    }))
    assert.match(refusal(modelOf([call('F0')], [], { functions: doubling })), /more than 1000000 operators/)
  })

  test('refuses graphs nested without end, and accepts a few levels', () => {
    // By hand, since the writer's library has a limit of its own: Graph.node { Node.attribute { Attribute.g } }.
    const nested = (levels: number) => {
      let inner = field(1, field(4, 'Identity'))
      for (let level = 0; level < levels; level++) {
        inner = field(1, field(4, 'If'), field(5, field(1, 'then_branch'), field(6, inner)))
      }
      return Buffer.concat([Buffer.from([0x08, 8]), field(7, inner), field(8, Buffer.from([0x10, 13]))])
    }
    assert.match(refusal(nested(33)), /more than 32/)
    assert.match(refusal(nested(2000)), /more than 32/)
    assert.equal(inspect(nested(10)).properties.nodes, '11')
  })
})

describe('what a request cannot carry', () => {
  const withInput = (input: Record<string, unknown>) =>
    model(graph({ nodes: [identity], inputs: [input], outputs: [value('y', 'FP32')] }))
  const typed = (type: Record<string, unknown>) => withInput({ name: 'x', type })

  test('refuses inputs that are no tensors, and says which and what', () => {
    const tensor = { tensor_type: { elem_type: 1 } }
    assert.match(refusal(typed({ sequence_type: { elem_type: tensor } })), /Input x is a sequence/)
    assert.match(refusal(typed({ optional_type: { elem_type: tensor } })), /Input x is an optional/)
    assert.match(refusal(typed({ map_type: { key_type: 7, value_type: tensor } })), /Input x is a map/)
    assert.match(refusal(typed({ sparse_tensor_type: { elem_type: 1 } })), /Input x is a sparse tensor/)
    const outputs = [{ name: 'y', type: { sequence_type: { elem_type: tensor } } }]
    assert.match(refusal(model(graph({ nodes: [], inputs: [], outputs }))), /Output y is a sequence/)
  })

  test('refuses datatypes that the protocol lacks', () => {
    assert.match(refusal(typed({ tensor_type: { elem_type: 16 } })), /Input x is BFLOAT16/)
    assert.match(refusal(typed({ tensor_type: { elem_type: 14 } })), /COMPLEX64/)
    assert.match(refusal(typed({ tensor_type: { elem_type: 77 } })), /datatype 77/)
  })

  test('refuses inputs too large for any request, and negative sizes other than the customary -1', () => {
    assert.match(refusal(identityModel('FP32', ['N', 65_536, 65_536])), /4294967296 elements/)
    assert.match(refusal(identityModel('FP32', [-2])), /negative dimension -2/)
    assert.equal(inspect(identityModel('FP32', [-1, 3])).boundedCost, true)
  })

  test('refuses names that cannot be used', () => {
    assert.match(refusal(withInput(value('', 'FP32'))), /another name/)
    assert.match(refusal(withInput(value('__proto__', 'FP32'))), /another name/)
  })
})

test('reads large files in a thread, to the same end', async () => {
  const runtime = createOnnxRuntime({ log: silentLog })
  const whole = largeModel(8 * 1024 * 1024)
  const path = write(whole)
  assert.deepEqual(await runtime.inspect(path), inspectOnnx(path))
  const cut = write(whole.subarray(0, 1_000_000))
  const expected = refusalOf(cut)
  await assert.rejects(runtime.inspect(cut), error => isProblem(error) && error.message === expected)
})

/** A length-delimited field of protobuf. */
function field(number: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map(part => Buffer.from(part)))
  const length: number[] = []
  for (let rest = content.length; length.length === 0 || rest > 0; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content])
}
