import { weights } from '../server/src/testing/onnx/models.ts'
import { createRandom } from '../server/src/testing/onnx/random.ts'
import { graph, model, node, value } from '../server/src/testing/onnx/writer.ts'

/** The weights of `denseModel(1)` behind a first dimension fixed to one, so that nothing can join its requests. */
export function denseAloneModel(): Uint8Array {
  const random = createRandom(1)
  const width = 1000
  const layers = [0, 1, 2]
  return model(
    graph({
      nodes: layers.flatMap(index => [
        node('MatMul', [index === 0 ? 'x' : `a${index - 1}`, `w${index}`], [`h${index}`]),
        node('Relu', [`h${index}`], [index === 2 ? 'y' : `a${index}`]),
      ]),
      inputs: [value('x', 'FP32', [1, width])],
      outputs: [value('y', 'FP32', [1, width])],
      initializers: layers.map(index => weights(`w${index}`, [width, width], random)),
    }),
  )
}

/** The mean of each colour of an image: `x` FP32 [N,3,224,224] -> `y` FP32 [N,3]. What it computes is next to nothing. */
export function imageModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('ReduceMean', ['x'], ['y'], { axes: { ints: [2, 3] }, keepdims: { int: 0 } })],
      inputs: [value('x', 'FP32', ['N', 3, 224, 224])],
      outputs: [value('y', 'FP32', ['N', 3])],
    }),
  )
}
