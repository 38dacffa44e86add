import { weights } from './models.ts'
import { createRandom } from './random.ts'
import { floats, graph, integers, model, node, type OnnxNode, type OnnxTensor, value } from './writer.ts'

const width = 320
const heads = 4

/**
 * A model of the shape of a temporal fusion transformer (https://arxiv.org/abs/1912.09363) with random weights:
 * `history` FP32 [N,60,24] -> `quantiles` FP32 [N,10,7], 12 MB. Two LSTM layers over 60 time steps, attention of
 * the last ten over all, gated residual blocks, and seven quantiles for each of ten steps ahead.
 */
export function forecastModel(seed = 1): Uint8Array {
  const random = createRandom(seed)
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const add = (operator: string, inputs: string[], output: string, attributes = {}) => {
    nodes.push(node(operator, inputs, [output], attributes))
    return output
  }
  const constant = (tensor: OnnxTensor) => {
    initializers.push(tensor)
    return tensor.name
  }
  const dense = (input: string, from: number, to: number, name: string) => {
    const product = add(
      'MatMul',
      [input, constant(weights(`${name}_w`, [from, to], random))],
      `${name}_product`,
    )
    return add('Add', [product, constant(floats(`${name}_b`, [to], new Float32Array(to)))], name)
  }
  const lstm = (input: string, name: string) => {
    const gates = 4 * width
    const inputs = [
      input,
      constant(weights(`${name}_w`, [1, gates, width], random, width)),
      constant(weights(`${name}_r`, [1, gates, width], random, width)),
      constant(floats(`${name}_b`, [1, 2 * gates], new Float32Array(2 * gates))),
    ]
    const all = add('LSTM', inputs, `${name}_all`, { hidden_size: { int: width } })
    return add('Squeeze', [all, 'one_axis'], name)
  }
  const gated = (input: string, name: string) => {
    const inner = add('Elu', [dense(input, width, width, `${name}_inner`)], `${name}_elu`)
    const both = dense(inner, width, 2 * width, `${name}_both`)
    nodes.push(node('Split', [both], [`${name}_value`, `${name}_gate`], { axis: { int: -1 } }))
    const open = add('Sigmoid', [`${name}_gate`], `${name}_open`)
    const kept = add('Mul', [`${name}_value`, open], `${name}_kept`)
    return normalized(add('Add', [input, kept], `${name}_sum`), name)
  }
  const normalized = (input: string, name: string) => {
    const mean = add('ReduceMean', [input], `${name}_mean`, { axes: { ints: [-1] } })
    const centred = add('Sub', [input, mean], `${name}_centred`)
    const square = add('Mul', [centred, centred], `${name}_square`)
    const variance = add('ReduceMean', [square], `${name}_variance`, { axes: { ints: [-1] } })
    const deviation = add('Sqrt', [add('Add', [variance, 'epsilon'], `${name}_safe`)], `${name}_deviation`)
    return add('Div', [centred, deviation], name)
  }
  const split = (input: string, name: string, order: number[]) => {
    const apart = add('Reshape', [dense(input, width, width, `${name}_dense`), 'head_shape'], `${name}_apart`)
    return add('Transpose', [apart], name, { perm: { ints: order } })
  }

  constant(integers('one_axis', [1]))
  constant(integers('head_shape', [0, 0, heads, width / heads]))
  constant(integers('whole_shape', [0, 0, width]))
  constant(integers('ten_before_end', [-10]))
  constant(integers('end', [60]))
  constant(floats('epsilon', [], new Float32Array([1e-5])))
  constant(floats('scale', [], new Float32Array([1 / Math.sqrt(width / heads)])))

  const embedded = add('Tanh', [dense('history', 24, width, 'embed')], 'embedded')
  const byTime = add('Transpose', [embedded], 'by_time', { perm: { ints: [1, 0, 2] } })
  const remembered = add('Transpose', [lstm(lstm(byTime, 'encoder'), 'decoder')], 'remembered', {
    perm: { ints: [1, 0, 2] },
  })
  const steps = gated(remembered, 'steps')
  const ahead = add('Slice', [steps, 'ten_before_end', 'end', 'one_axis'], 'ahead')

  const query = split(ahead, 'query', [0, 2, 1, 3])
  const key = split(steps, 'key', [0, 2, 3, 1])
  const content = split(steps, 'content', [0, 2, 1, 3])
  const scores = add('Mul', [add('MatMul', [query, key], 'dot'), 'scale'], 'scores')
  const attention = add('Softmax', [scores], 'attention', { axis: { int: -1 } })
  const seen = add('Transpose', [add('MatMul', [attention, content], 'mixed')], 'seen', {
    perm: { ints: [0, 2, 1, 3] },
  })
  const joined = dense(add('Reshape', [seen, 'whole_shape'], 'whole'), width, width, 'joined')
  const attended = normalized(add('Add', [ahead, joined], 'attended_sum'), 'attended')
  const decided = gated(gated(attended, 'first'), 'second')
  add('Identity', [dense(decided, width, 7, 'quantile_head')], 'quantiles')

  return model(
    graph({
      nodes,
      inputs: [value('history', 'FP32', ['N', 60, 24])],
      outputs: [value('quantiles', 'FP32', ['N', 10, 7])],
      initializers,
    }),
  )
}
