import { resolve } from 'node:path'
import { floats, graph, model, node, value, writeModel } from '../src/testing/onnx/writer.ts'
import { type Row, readDigits } from './digits.ts'
import { type Layer, type Network, trainNetwork } from './network.ts'

/** Trains the sample model, the same to the byte on every machine; `accuracy` is measured on the rows held out. */
export function trainSample(): { bytes: Uint8Array; accuracy: number } {
  const { training, heldOut } = readDigits()
  const network = trainNetwork(training, 1)
  const accuracy = heldOut.filter(row => recognize(network, row) === row.digit).length / heldOut.length
  return { bytes: sampleModel(network, accuracy, heldOut), accuracy }
}

function recognize({ hidden, output }: Network, row: Row): number {
  const activations = apply(
    hidden,
    row.pixels.map(ink => ink / 16),
  ).map(sum => Math.max(0, sum))
  const scores = apply(output, activations)
  return scores.indexOf(Math.max(...scores))
}

function apply(layer: Layer, values: readonly number[]): number[] {
  return Array.from(layer.biases, (bias, output) =>
    values.reduce(
      (sum, input, index) => sum + input * (layer.weights[index * layer.outputs + output] ?? 0),
      bias,
    ),
  )
}

function sampleModel({ hidden, output }: Network, accuracy: number, heldOut: readonly Row[]): Uint8Array {
  const tensors = (name: string, layer: Layer) => [
    floats(`${name}_weights`, [layer.inputs, layer.outputs], Float32Array.from(layer.weights)),
    floats(`${name}_biases`, [layer.outputs], Float32Array.from(layer.biases)),
  ]
  return model(
    graph({
      name: 'digits',
      nodes: [
        node('Mul', ['pixels', 'sixteenth'], ['ink']),
        node('Gemm', ['ink', 'hidden_weights', 'hidden_biases'], ['hidden_sums']),
        node('Relu', ['hidden_sums'], ['hidden']),
        node('Gemm', ['hidden', 'output_weights', 'output_biases'], ['scores']),
        node('Softmax', ['scores'], ['probabilities'], { axis: { int: 1 } }),
        node('ArgMax', ['probabilities'], ['digit'], { axis: { int: 1 }, keepdims: { int: 0 } }),
      ],
      inputs: [value('pixels', 'FP32', ['N', 64])],
      outputs: [value('digit', 'INT64', ['N']), value('probabilities', 'FP32', ['N', 10])],
      initializers: [
        floats('sixteenth', [], new Float32Array([1 / 16])),
        ...tensors('hidden', hidden),
        ...tensors('output', output),
      ],
    }),
    {
      description:
        'Reads a handwritten digit from an image of 8 x 8 pixels, each 0 (paper) to 16 (ink), row by row.',
      accuracy: `${(accuracy * 100).toFixed(1)} % on ${heldOut.length} rows held out`,
      source:
        'Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository',
      licence: 'CC BY 4.0 (data), Apache-2.0 (model)',
      example_input: JSON.stringify(heldOut[0]?.pixels),
    },
  )
}

if (import.meta.main) {
  const { bytes, accuracy } = trainSample()
  const path = writeModel(resolve(import.meta.dirname, 'digits.onnx'), bytes)
  console.log(`${path}: ${bytes.length} bytes, ${(accuracy * 100).toFixed(1)} % of the rows held out`)
}
