import type { Signature, Tensor } from '@roundhouse/sdk/contract'

/** What a look at the file alone tells, before any native code has seen it. */
export type ModelFacts = {
  readonly format: 'onnx'
  /** Names, versions and the like, for people: producer, opset, metadata of the file. */
  readonly properties: Readonly<Record<string, string>>
  /** Every run of the same inputs gives the same outputs, so that they may be cached. */
  readonly deterministic: boolean
  /** The cost of a run follows from the shapes alone: no loops, no sizes computed from values. */
  readonly boundedCost: boolean
  /** A run may end the process it is in: no exception, a fault of the processor in native code. */
  readonly mayCrash: boolean
  /** A run may be given a tensor without elements; where not, one may end the process. */
  readonly takesEmpty: boolean
}

/** Where a session lives: on the calling thread, in a thread of its own, or in a process of its own. */
export type SessionPlace = 'inline' | 'thread' | 'process'

/** A loaded model. One run at a time; the caller queues. */
export type ModelSession = {
  readonly signature: Signature
  /** Milliseconds that creating the session held its thread. */
  readonly loadMs: number
  /**
   * Runs the model once. `inputs` are complete and already checked against the signature; their buffers
   * are copied, never taken. `outputs` names the outputs to compute, in order.
   * `computeMs` is the time inside the model.
   * @throws Problem `model-failed` when the model refuses the inputs, or ends its thread or process while it runs;
   * `model-not-loaded` once the session has ended.
   */
  run(
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Promise<{ outputs: Tensor[]; computeMs: number }>
  /** False once it is closed, or has ended by itself: open another. */
  alive(): boolean
  /** Frees the memory. Waits for a run in progress; never interrupts it. */
  close(): Promise<void>
}

/** Serves one model file format. */
export type ModelRuntime = {
  /** Loads native libraries into this thread, so that no request has to wait for it. */
  prepare(): Promise<void>
  /**
   * Reads the file without trusting it.
   * @throws Problem `invalid-model` with the reason.
   */
  inspect(path: string): Promise<ModelFacts>
  /**
   * Opens a session on an inspected file. Except with `place: 'inline'`, neither this call nor any run
   * holds the calling thread; with `'process'`, no run can harm the calling process.
   * @throws Problem `invalid-model` when the runtime cannot load the file.
   */
  openSession(path: string, place: SessionPlace): Promise<ModelSession>
}
