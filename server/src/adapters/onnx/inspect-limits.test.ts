import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { identityModel } from '../../testing/onnx/models.ts'
import { graphOf, inspect, modelOf, refusal } from '../../testing/onnx/refusal.ts'
import {
  floats,
  graph,
  integers,
  model,
  node,
  type OnnxNode,
  type OnnxTensor,
  value,
} from '../../testing/onnx/writer.ts'

const identity = node('Identity', ['x'], ['y'])

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

/** A length-delimited field of protobuf. */
function field(number: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map(part => Buffer.from(part)))
  const length: number[] = []
  for (let rest = content.length; length.length === 0 || rest > 0; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content])
}
