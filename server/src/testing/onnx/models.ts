import type { Datatype } from '@roundhouse/sdk/contract'
import { createRandom } from './random.ts'
import { type Dimension, floats, graph, model, node, type OnnxTensor, value } from './writer.ts'

/** Gives back what it gets: `x` -> `y`. */
export function identityModel(datatype: Datatype, shape: readonly Dimension[]): Uint8Array {
  return model(
    graph({
      nodes: [node('Identity', ['x'], ['y'])],
      inputs: [value('x', datatype, shape)],
      outputs: [value('y', datatype, shape)],
    }),
  )
}

/** Two dense layers with ReLU and softmax: `x` FP32 [N,inputs] -> `y` FP32 [N,outputs]. */
export function mlpModel(options: {
  inputs: number
  hidden: number
  outputs: number
  seed: number
}): Uint8Array {
  const random = createRandom(options.seed)
  const { inputs, hidden, outputs } = options
  return model(
    graph({
      nodes: [
        node('Gemm', ['x', 'w1', 'b1'], ['h']),
        node('Relu', ['h'], ['a']),
        node('Gemm', ['a', 'w2', 'b2'], ['z']),
        node('Softmax', ['z'], ['y'], { axis: { int: 1 } }),
      ],
      inputs: [value('x', 'FP32', ['N', inputs])],
      outputs: [value('y', 'FP32', ['N', outputs])],
      initializers: [
        weights('w1', [inputs, hidden], random),
        weights('b1', [hidden], random),
        weights('w2', [hidden, outputs], random),
        weights('b2', [outputs], random),
      ],
    }),
  )
}

/** Three dense layers of 1000 x 1000: `x` FP32 [N,1000] -> `y` FP32 [N,1000], 12 MB. */
export function denseModel(seed = 1): Uint8Array {
  return chain({ layers: 3, width: 1000, seed, activation: 'Relu' })
}

/** `x` FP32 [N,1024] -> `y` FP32 [N,1024] through as many layers of 4 MiB as fill `sizeBytes`. */
export function largeModel(sizeBytes: number, seed = 1): Uint8Array {
  return chain({ layers: Math.ceil(sizeBytes / (4 * 1024 * 1024)), width: 1024, seed, activation: 'Tanh' })
}

function chain(options: { layers: number; width: number; seed: number; activation: string }): Uint8Array {
  const { layers, width, activation } = options
  const random = createRandom(options.seed)
  const numbers = Array.from({ length: layers }, (_, index) => index)
  const last = layers - 1
  return model(
    graph({
      nodes: numbers.flatMap(index => [
        node('MatMul', [index === 0 ? 'x' : `a${index - 1}`, `w${index}`], [`h${index}`]),
        node(activation, [`h${index}`], [index === last ? 'y' : `a${index}`]),
      ]),
      inputs: [value('x', 'FP32', ['N', width])],
      outputs: [value('y', 'FP32', ['N', width])],
      initializers: numbers.map(index => weights(`w${index}`, [width, width], random)),
    }),
  )
}

/** Subtracts the mean of the whole batch: `x` FP32 [N,2] -> `y` FP32 [N,2]. A row's answer depends on its neighbours. */
export function batchMixingModel(): Uint8Array {
  return model(
    graph({
      nodes: [
        node('ReduceMean', ['x'], ['mean'], { axes: { ints: [0] }, keepdims: { int: 1 } }),
        node('Sub', ['x', 'mean'], ['y']),
      ],
      inputs: [value('x', 'FP32', ['N', 2])],
      outputs: [value('y', 'FP32', ['N', 2])],
    }),
  )
}

/** Adds noise: `x` FP32 [N,2] -> `y` FP32 [N,2], never twice the same. */
export function randomModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('RandomNormalLike', ['x'], ['noise']), node('Add', ['x', 'noise'], ['y'])],
      inputs: [value('x', 'FP32', ['N', 2])],
      outputs: [value('y', 'FP32', ['N', 2])],
    }),
  )
}

/** `x` FP32 [N,512] -> `y` FP32 [N,512] through one matrix `layers` times: a 1 MB file that takes as long as wanted. */
export function slowModel(layers: number, seed = 1): Uint8Array {
  const numbers = Array.from({ length: layers }, (_, index) => index)
  return model(
    graph({
      nodes: numbers.map(index =>
        node(
          'MatMul',
          [index === 0 ? 'x' : `h${index - 1}`, 'w'],
          [index === layers - 1 ? 'y' : `h${index}`],
        ),
      ),
      inputs: [value('x', 'FP32', ['N', 512])],
      outputs: [value('y', 'FP32', ['N', 512])],
      initializers: [weights('w', [512, 512], createRandom(seed))],
    }),
  )
}

/** Adds one as often as told: `times` INT64 [] and `x` FP32 [2] -> `y` FP32 [2]. Its cost follows from a value. */
export function loopModel(): Uint8Array {
  const body = graph({
    name: 'body',
    nodes: [node('Identity', ['go'], ['go_on']), node('Add', ['before', 'one'], ['after'])],
    inputs: [value('turn', 'INT64', []), value('go', 'BOOL', []), value('before', 'FP32', [2])],
    outputs: [value('go_on', 'BOOL', []), value('after', 'FP32', [2])],
    initializers: [floats('one', [], new Float32Array([1]))],
  })
  return model(
    graph({
      nodes: [node('Loop', ['times', '', 'x'], ['y'], { body: { graph: body } })],
      inputs: [value('times', 'INT64', []), value('x', 'FP32', [2])],
      outputs: [value('y', 'FP32', [2])],
    }),
  )
}

/** Looks words up: `word` BYTES [N] -> `number` INT64 [N], with `one` = 1, `two` = 2 and 0 for any other. */
export function stringModel(): Uint8Array {
  const attributes = {
    keys_strings: { strings: ['one', 'two'] },
    values_int64s: { ints: [1, 2] },
    default_int64: { int: 0 },
  }
  return model(
    graph({
      nodes: [node('LabelEncoder', ['word'], ['number'], attributes, 'ai.onnx.ml')],
      inputs: [value('word', 'BYTES', ['N'])],
      outputs: [value('number', 'INT64', ['N'])],
    }),
  )
}

/** `a` and `b` FP32 [N,2] -> `sum` and `difference` FP32 [N,2]. */
export function twoByTwoModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('Add', ['a', 'b'], ['sum']), node('Sub', ['a', 'b'], ['difference'])],
      inputs: [value('a', 'FP32', ['N', 2]), value('b', 'FP32', ['N', 2])],
      outputs: [value('sum', 'FP32', ['N', 2]), value('difference', 'FP32', ['N', 2])],
    }),
  )
}

/** Looks up `index` INT64 [N] in [10, 20, 30] -> `y` FP32 [N]; fails while it runs when an index is not -3 to 2. */
export function failingModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('Gather', ['table', 'index'], ['y'])],
      inputs: [value('index', 'INT64', ['N'])],
      outputs: [value('y', 'FP32', ['N'])],
      initializers: [floats('table', [3], new Float32Array([10, 20, 30]))],
    }),
  )
}

/** Doubles one number: `x` FP32 [] -> `y` FP32 []. */
export function scalarModel(): Uint8Array {
  return doubling([])
}

/** Doubles four numbers: `x` FP32 [4] -> `y` FP32 [4]. There is no dimension to batch along. */
export function fixedModel(): Uint8Array {
  return doubling([4])
}

function doubling(shape: readonly Dimension[]): Uint8Array {
  return model(
    graph({
      nodes: [node('Mul', ['x', 'two'], ['y'])],
      inputs: [value('x', 'FP32', shape)],
      outputs: [value('y', 'FP32', shape)],
      initializers: [floats('two', [], new Float32Array([2]))],
    }),
  )
}

/** Divides: `x` and `w` INT32 [N] -> `y` INT32 [N]. On x64 it ends its process for -2^31 and -1. */
export function divisionModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('Div', ['x', 'w'], ['y'])],
      inputs: [value('x', 'INT32', ['N']), value('w', 'INT32', ['N'])],
      outputs: [value('y', 'INT32', ['N'])],
    }),
  )
}

/**
 * Fourier transforms of frames: `step` and `length` INT64 [], `signal` FP32 [1,16,1] -> `y` FP32 [1,F,B,2]. On x64 it
 * ends its process for a length of 0, which is what the made-up inputs of a warm-up have for it.
 */
export function frameModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('STFT', ['signal', 'step', '', 'length'], ['y'])],
      inputs: [value('step', 'INT64', []), value('length', 'INT64', []), value('signal', 'FP32', [1, 16, 1])],
      outputs: [value('y', 'FP32', [1, 'F', 'B', 2])],
    }),
    {},
    { opset_import: [{ domain: '', version: 17 }] },
  )
}

/** One recurrent layer of one unit over two steps: `x` FP32 [2,N,1] -> `y` FP32 [2,1,N,1]. */
export function recurrentModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('LSTM', ['x', 'w', 'r'], ['y'], { hidden_size: { int: 1 } })],
      inputs: [value('x', 'FP32', [2, 'N', 1])],
      outputs: [value('y', 'FP32', [2, 1, 'N', 1])],
      initializers: [
        floats('w', [1, 4, 1], new Float32Array(4).fill(1)),
        floats('r', [1, 4, 1], new Float32Array(4)),
      ],
    }),
  )
}

/** Where `x` INT64 [N] is not zero: `y` INT64 [1,K]. The output size follows from values. */
export function nonZeroModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('NonZero', ['x'], ['y'])],
      inputs: [value('x', 'INT64', ['N'])],
      outputs: [value('y', 'INT64', [1, 'K'])],
    }),
  )
}

/** Uniform weights of variance 1 / (first dimension), so that values keep their size from layer to layer. */
export function weights(
  name: string,
  dims: readonly number[],
  random: () => number,
  fanIn = dims[0] ?? 1,
): OnnxTensor {
  const reach = Math.sqrt(3 / fanIn)
  const values = new Float32Array(dims.reduce((product, size) => product * size, 1))
  for (let index = 0; index < values.length; index++) values[index] = (random() * 2 - 1) * reach
  return floats(name, dims, values)
}
