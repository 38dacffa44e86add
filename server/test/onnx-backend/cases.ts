import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@roundhouse/sdk/contract'
import { decodeTensor } from './tensor-proto.ts'

/** One case of the ONNX project's backend tests: a model, inputs, and the outputs the reference gave for them. */
export type BackendCase = {
  /** `node/test_add`. */
  readonly name: string
  readonly model: Uint8Array
  /** In the order of the graph's inputs and outputs. Read when asked for: some are of types no tensor of ours has. */
  inputs(): Tensor[]
  outputs(): Tensor[]
}

const groups = ['node', 'simple', 'pytorch-converted', 'pytorch-operator']

/** The cases below `folder`, by name. */
export function* backendCases(folder: string): Generator<BackendCase> {
  for (const group of groups) {
    for (const name of readdirSync(join(folder, group)).sort()) {
      const place = join(folder, group, name)
      const model = join(place, 'model.onnx')
      if (!existsSync(model)) continue
      const values = (role: string) => () => readValues(join(place, 'test_data_set_0'), role)
      yield {
        name: `${group}/${name}`,
        model: readFileSync(model),
        inputs: values('input'),
        outputs: values('output'),
      }
    }
  }
}

function readValues(folder: string, role: string): Tensor[] {
  const count = readdirSync(folder).filter(name => name.startsWith(`${role}_`)).length
  return Array.from({ length: count }, (_, index) =>
    decodeTensor(readFileSync(join(folder, `${role}_${index}.pb`))),
  )
}
