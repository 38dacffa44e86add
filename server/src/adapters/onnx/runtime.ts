import { lstatSync } from 'node:fs'
import type { Log } from '../../kit/log.ts'
import type { ModelRuntime } from '../../ports/model-runtime.ts'
import { openInlineSession } from './inline-session.ts'
import { inspectOnnx } from './inspect.ts'
import { inspectInThread } from './inspect-in-thread.ts'
import { prepareOrt } from './prepare.ts'
import { openProcessSession } from './process-session.ts'
import { openThreadSession } from './thread-session.ts'

/** Serves ONNX files through onnxruntime on the CPU. Nothing native is loaded before `prepare` or the first session. */
export function createOnnxRuntime({ log }: { log: Log }): ModelRuntime {
  return {
    prepare: prepareOrt,
    // A small file is read in a millisecond or two, less than a thread needs to start (40 ms).
    inspect: async path => (lstatSync(path).size <= 256 * 1024 ? inspectOnnx(path) : inspectInThread(path)),
    openSession(path, place) {
      if (place === 'inline') return openInlineSession(path)
      return place === 'thread' ? openThreadSession(path, log) : openProcessSession(path, log)
    },
  }
}
