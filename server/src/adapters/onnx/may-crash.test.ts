import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Datatype } from '@roundhouse/sdk/contract'
import { forecastModel } from '../../testing/onnx/forecast.ts'
import { divisionModel, frameModel, mlpModel, recurrentModel } from '../../testing/onnx/models.ts'
import { graphOf, inspect, modelOf } from '../../testing/onnx/refusal.ts'
import {
  elementTypes,
  floats,
  graph,
  integers,
  model,
  node,
  type OnnxNode,
  type OnnxTensor,
  value,
} from '../../testing/onnx/writer.ts'

/** Of inputs `x` and `w` of a type, and these nodes, which make `y`. */
function mayCrash(datatype: Datatype, nodes: OnnxNode[], initializers: OnnxTensor[] = []): boolean {
  const inputs = [value('x', datatype, ['N']), value('w', datatype, ['N'])]
  return inspect(model(graph({ nodes, initializers, inputs, outputs: [value('y', datatype)] }))).mayCrash
}

const int32 = (name: string, fields: object) => ({
  name,
  dims: [1],
  data_type: elementTypes.INT32,
  ...fields,
})
const divided = (by: string) => [node('Div', ['x', by], ['y'])]

describe('a division that may end the process', () => {
  test('is one of integers of 32 or 64 bits by a divisor that a request decides', () => {
    assert.equal(inspect(divisionModel()).mayCrash, true)
    for (const datatype of ['INT32', 'INT64'] as const) {
      for (const operator of ['Div', 'Mod']) {
        assert.equal(mayCrash(datatype, [node(operator, ['x', 'w'], ['y'])]), true, `${operator} ${datatype}`)
      }
    }
    for (const datatype of ['FP32', 'FP16', 'FP64', 'INT8', 'INT16', 'UINT8', 'UINT32', 'UINT64'] as const) {
      assert.equal(mayCrash(datatype, divided('w')), false, datatype)
    }
    assert.equal(mayCrash('FP32', [node('Mod', ['x', 'w'], ['y'], { fmod: { int: 1 } })]), false)
  })

  test('is none by a constant, unless that holds -1 or 0', () => {
    const by = (...values: number[]) => mayCrash('INT64', divided('c'), [integers('c', values)])
    assert.deepEqual([by(8), by(2, 255, -2), by()], [false, false, false])
    assert.deepEqual([by(-1), by(2, -1), by(0)], [true, true, true])
    assert.equal(by(...Array(65).fill(2)), true, 'more than is looked at')
    assert.equal(mayCrash('INT32', divided('c'), [int32('c', { int32_data: [7] })]), false)
    assert.equal(mayCrash('INT32', divided('c'), [int32('c', { int64_data: [2 ** 32 - 1] })]), true)
    const constant = (attributes: Parameters<typeof node>[3]) =>
      mayCrash('INT64', [node('Constant', [], ['c'], attributes), ...divided('c')])
    assert.equal(constant({ value: { tensor: integers('', [8]) } }), false)
    assert.equal(constant({ value_int: { int: 8 } }), false)
    assert.equal(constant({ value_ints: { ints: [8, -1] } }), true)
    assert.equal(constant({ value_ints: { ints: [...Array(64).fill(8), -1] } }), true)
  })

  test('is none where dimensions are divided by dimensions', () => {
    const shapes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['d']),
      node('Cast', ['d'], ['c'], { to: { int: elementTypes.INT64 } }),
    ]
    const end = [node('Div', ['s', 'c'], ['q']), node('ConstantOfShape', ['q'], ['y'])]
    assert.equal(mayCrash('FP32', [...shapes, ...end], [integers('zero', [0])]), false)
    const narrow = node('Cast', ['d'], ['c'], { to: { int: elementTypes.INT32 } })
    assert.equal(mayCrash('FP32', [...shapes.slice(0, 2), narrow, ...end], [integers('zero', [0])]), true)
  })

  test('is told from one of reals through the operators between', () => {
    const centred = (end: OnnxNode[]) => [
      node('MatMul', ['x', 'w'], ['m']),
      node('Sub', ['m', 'x'], ['c']),
      node('Split', ['c'], ['a', 'b']),
      ...end,
    ]
    assert.equal(mayCrash('FP32', centred([node('Div', ['a', 'b'], ['y'])])), false)
    assert.equal(mayCrash('INT32', centred([node('Div', ['a', 'b'], ['y'])])), true)
    const cast = (datatype: Datatype) => [
      node('Cast', ['x'], ['a'], { to: { int: elementTypes[datatype] } }),
      node('Unheard', ['w'], ['b']),
      node('Div', ['a', 'b'], ['q']),
      node('Cast', ['q'], ['y'], { to: { int: 1 } }),
    ]
    assert.deepEqual([mayCrash('FP32', cast('INT32')), mayCrash('FP32', cast('FP64'))], [true, false])
    const unknown = [
      node('Unheard', ['w'], ['b']),
      node('Div', ['b', 'b'], ['q']),
      node('Shape', ['q'], ['y']),
    ]
    assert.equal(mayCrash('FP32', unknown), true)
    const declared = { ...graphOf(unknown), value_info: [value('b', 'FP32')] }
    assert.equal(inspect(model(declared)).mayCrash, false)
  })

  test('is found inside a branch and inside a function, and not mistaken for what has its name outside', () => {
    const branch = { graph: graph({ nodes: divided('w'), inputs: [], outputs: [value('y', 'INT32')] }) }
    const choose = [node('If', ['go'], ['y'], { then_branch: branch, else_branch: branch })]
    assert.equal(mayCrash('INT32', choose), true)
    assert.equal(mayCrash('FP32', choose), false)
    const body = { name: 'Half', domain: 'mine', input: ['x', 'w'], output: ['y'], node: divided('w') }
    const call = node('Half', ['x', 'w'], ['y'], {}, 'mine')
    assert.equal(inspect(modelOf([call], [], { functions: [body] })).mayCrash, true)
    const state = { inputs: [value('turn', 'INT64', []), value('go', 'BOOL', []), value('c', 'INT64')] }
    const loop = { ...state, nodes: divided('c'), outputs: [value('go', 'BOOL', []), value('y', 'INT64')] }
    const repeat = [node('Loop', ['n', '', 'w'], ['y'], { body: { graph: graph(loop) } })]
    assert.equal(mayCrash('INT64', repeat, [integers('c', [8])]), true)
  })
})

describe('other operators that may end the process', () => {
  test('are a Fourier transform of frames, and a convolution in no groups', () => {
    assert.equal(inspect(frameModel()).mayCrash, true)
    const conv = (group: number) => [node('ConvTranspose', ['x', 'k'], ['y'], { group: { int: group } })]
    const kernel = floats('k', [1, 1, 1], new Float32Array(1))
    assert.deepEqual(
      [mayCrash('FP32', conv(0), [kernel]), mayCrash('FP32', conv(1), [kernel])],
      [true, false],
    )
  })

  test('are those for which a tensor without elements is too little: a request may not give one', () => {
    const { takesEmpty, mayCrash } = inspect(recurrentModel())
    assert.deepEqual({ takesEmpty, mayCrash }, { takesEmpty: false, mayCrash: false })
    assert.equal(inspect(modelOf([node('Relu', ['x'], ['y'])])).takesEmpty, true)
    const found = [node('NonZero', ['x'], ['n']), node('Unique', ['n'], ['y'])]
    assert.equal(inspect(modelOf(found)).mayCrash, true)
  })

  test('are not what ordinary models are made of', () => {
    assert.equal(inspect(mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })).mayCrash, false)
    assert.equal(inspect(forecastModel()).mayCrash, false)
  })
})
