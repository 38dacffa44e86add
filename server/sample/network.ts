import { createRandom } from '../src/testing/onnx/random.ts'
import { type Row, shuffle } from './digits.ts'

/** A dense layer: `weights[input * outputs + output]`. */
export type Layer = {
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float64Array
  readonly biases: Float64Array
}

export type Network = { readonly hidden: Layer; readonly output: Layer }

const epochs = 30
const batchSize = 32
const momentum = 0.9
const decay = 1e-4

/**
 * Trains 64 pixels -> 48 ReLU -> 10 softmax with cross-entropy and momentum, the learning rate falling to zero.
 * Only + - * / and the square root are used, which IEEE 754 fixes to the last bit: every machine makes the same network.
 */
export function trainNetwork(rows: readonly Row[], seed: number): Network {
  const random = createRandom(seed)
  const network = { hidden: createLayer(64, 48, random), output: createLayer(48, 10, random) }
  const velocity = { hidden: emptyLayer(64, 48), output: emptyLayer(48, 10) }
  const order = [...rows]
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    const rate = 0.1 * (1 - epoch / epochs)
    for (let start = 0; start < order.length; start += batchSize) {
      const batch = order.slice(start, start + batchSize)
      const gradient = { hidden: emptyLayer(64, 48), output: emptyLayer(48, 10) }
      for (const row of batch) addGradient(network, row, gradient)
      descend(network.hidden, gradient.hidden, velocity.hidden, rate, batch.length)
      descend(network.output, gradient.output, velocity.output, rate, batch.length)
    }
  }
  return network
}

function createLayer(inputs: number, outputs: number, random: () => number): Layer {
  const layer = emptyLayer(inputs, outputs)
  const reach = Math.sqrt(6 / (inputs + outputs))
  for (let index = 0; index < layer.weights.length; index++) layer.weights[index] = (random() * 2 - 1) * reach
  return layer
}

function emptyLayer(inputs: number, outputs: number): Layer {
  return { inputs, outputs, weights: new Float64Array(inputs * outputs), biases: new Float64Array(outputs) }
}

// Backpropagation of one row; the gradient of softmax with cross-entropy is (probability - truth).
function addGradient(network: Network, row: Row, gradient: Network): void {
  const pixels = Float64Array.from(row.pixels, ink => ink / 16)
  const hidden = forward(network.hidden, pixels).map(sum => Math.max(0, sum))
  const scores = forward(network.output, hidden)
  const highest = scores.reduce((best, score) => Math.max(best, score))
  const powers = scores.map(score => exponential(score - highest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  const outputError = powers.map((power, digit) => power / total - (digit === row.digit ? 1 : 0))
  const hiddenError = backward(network.output, outputError).map((error, index) =>
    (hidden[index] ?? 0) > 0 ? error : 0,
  )
  addOuterProduct(gradient.output, hidden, outputError)
  addOuterProduct(gradient.hidden, pixels, hiddenError)
}

function forward(layer: Layer, values: Float64Array): Float64Array {
  const sums = layer.biases.slice()
  for (let input = 0; input < layer.inputs; input++) {
    const value = values[input] ?? 0
    if (value === 0) continue
    for (let output = 0; output < layer.outputs; output++) {
      sums[output] = (sums[output] ?? 0) + value * (layer.weights[input * layer.outputs + output] ?? 0)
    }
  }
  return sums
}

function backward(layer: Layer, errors: Float64Array): Float64Array {
  return Float64Array.from({ length: layer.inputs }, (_, input) =>
    errors.reduce(
      (sum, error, output) => sum + error * (layer.weights[input * layer.outputs + output] ?? 0),
      0,
    ),
  )
}

function addOuterProduct(gradient: Layer, values: Float64Array, errors: Float64Array): void {
  for (let output = 0; output < gradient.outputs; output++) {
    gradient.biases[output] = (gradient.biases[output] ?? 0) + (errors[output] ?? 0)
  }
  for (let input = 0; input < gradient.inputs; input++) {
    const value = values[input] ?? 0
    if (value === 0) continue
    for (let output = 0; output < gradient.outputs; output++) {
      const index = input * gradient.outputs + output
      gradient.weights[index] = (gradient.weights[index] ?? 0) + value * (errors[output] ?? 0)
    }
  }
}

function descend(layer: Layer, gradient: Layer, velocity: Layer, rate: number, rows: number): void {
  move(layer.weights, gradient.weights, velocity.weights, rate, rows, decay)
  move(layer.biases, gradient.biases, velocity.biases, rate, rows, 0)
}

function move(
  values: Float64Array,
  gradient: Float64Array,
  velocity: Float64Array,
  rate: number,
  rows: number,
  shrink: number,
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0
    const slope = (gradient[index] ?? 0) / rows + shrink * value
    const speed = momentum * (velocity[index] ?? 0) - rate * slope
    velocity[index] = speed
    values[index] = value + speed
  }
}

// e^x for x <= 0. Math.exp may differ in its last bit from one engine to the next; this cannot.
function exponential(x: number): number {
  const part = x / 1024
  let power = 1 + part * (1 + (part / 2) * (1 + (part / 3) * (1 + part / 4)))
  for (let doubling = 0; doubling < 10; doubling++) power *= power
  return power
}
