import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isProblem } from '@roundhouse/sdk/contract'
import { inspectOnnx } from '../../adapters/onnx/inspect.ts'
import type { ModelFacts } from '../../ports/model-runtime.ts'
import { graph, model, type OnnxGraph, type OnnxNode, type OnnxTensor, value } from './writer.ts'

/** The facts of a file with these bytes. */
export function inspect(bytes: Uint8Array | string): ModelFacts {
  return withFile(bytes, inspectOnnx)
}

/** The sentence with which a file of these bytes is refused. */
export function refusal(bytes: Uint8Array | string): string {
  return withFile(bytes, refusalOf)
}

/** The sentence with which the file is refused. */
export function refusalOf(path: string): string {
  try {
    inspectOnnx(path)
  } catch (error) {
    assert.ok(isProblem(error), String(error))
    assert.equal(error.code, 'invalid-model')
    return error.message
  }
  throw new Error('The file was accepted.')
}

/** A model of `x` FP32 [2] -> `y` FP32 with these nodes and constants; `extra` as in `model`. */
export function modelOf(
  nodes: OnnxNode[],
  initializers: OnnxTensor[] = [],
  extra: Record<string, unknown> = {},
): Uint8Array {
  return model(graphOf(nodes, initializers), {}, extra)
}

export function graphOf(nodes: OnnxNode[], initializers: OnnxTensor[] = []): OnnxGraph {
  return graph({ nodes, initializers, inputs: [value('x', 'FP32', [2])], outputs: [value('y', 'FP32')] })
}

function withFile<Result>(bytes: Uint8Array | string, use: (path: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-inspect-'))
  try {
    const path = join(folder, 'model.onnx')
    writeFileSync(path, bytes)
    return use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
