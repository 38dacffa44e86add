import type { Signature, Tensor, TensorSpec } from '@roundhouse/sdk/contract'
import type { InferenceSession } from 'onnxruntime-node'
import { explain } from './explain.ts'
import { datatypeOf, fromOrt, toOrt } from './tensors.ts'

/** A session on the thread that opened it. */
export type OrtSession = {
  readonly signature: Signature
  readonly loadMs: number
  /** Reads the inputs in place: they must not change until the promise settles. Runs go one after the other. */
  run(
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Promise<{ outputs: Tensor[]; computeMs: number }>
  close(): Promise<void>
}

/**
 * Loads the native library on first use (46 MB, about 60 ms), then the model. Both, and every run, hold the
 * calling thread: https://github.com/microsoft/onnxruntime/issues/19611.
 * @throws Error with a clean sentence when the file cannot be loaded, or a run fails.
 */
export async function openOrtSession(path: string): Promise<OrtSession> {
  const ort = await import('onnxruntime-node')
  // Everything worth knowing arrives as an exception; the library would print it to stderr as well.
  ort.env.logLevel = 'fatal'
  const start = performance.now()
  const session = await ort.InferenceSession.create(path, options).catch((error: unknown) => {
    throw new Error(explain(error, path), { cause: error })
  })
  const loadMs = performance.now() - start
  const signature = { inputs: specs(session.inputMetadata), outputs: specs(session.outputMetadata) }
  let last: Promise<unknown> = Promise.resolve()

  async function run(inputs: readonly Tensor[], outputs: readonly string[]) {
    const feeds: Record<string, InferenceSession.OnnxValueMapType[string]> = {}
    for (const tensor of inputs) feeds[tensor.name] = toOrt(ort, tensor)
    let computeStart = 0
    // session.run queues the native call with setImmediate before it returns: this callback comes right before it,
    // so that the time other work waits in the loop is not counted as the model's.
    setImmediate(() => {
      computeStart = performance.now()
    })
    const results = await session.run(feeds, [...outputs]).catch((error: unknown) => {
      throw new Error(explain(error, path), { cause: error })
    })
    const computeMs = performance.now() - computeStart
    const tensors = outputs.map(name => {
      const result = results[name]
      if (result === undefined) throw new Error(`The model gave no value for its output ${name}.`)
      return fromOrt(name, result)
    })
    return { outputs: tensors, computeMs }
  }

  return {
    signature,
    loadMs,
    run(inputs, outputs) {
      const result = last.then(() => run(inputs, outputs))
      last = result.catch(() => undefined)
      return result
    },
    async close() {
      await last
      await session.release()
    },
  }
}

// One thread per session: a second one spins, 1.0 to 1.9 times the CPU for less or no gain on busy cores; the way
// to use more cores is more sessions. Without the arena, one run of 256 rows through a 12 MB forecast model leaves
// 0 to 30 MB behind instead of 186 MB until the session closes, at the same speed (2026-11-21).
const options: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 4,
}

function specs(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
  return metadata.map(value => {
    if (!value.isTensor) throw new Error(`${value.name} is not a tensor, so it has no form in the protocol.`)
    const datatype = datatypeOf(value.type)
    if (datatype === undefined)
      throw new Error(`${value.name} has the datatype ${value.type}, which the protocol lacks.`)
    return {
      name: value.name,
      datatype,
      shape: value.shape.map(size => (typeof size === 'number' ? size : null)),
    }
  })
}
