import type { ModelKind, Visibility } from '@roundhouse/sdk/contract'

/** A model of the house that is to be there at start, from `MODEL_PATH` or `roundhouse.config.ts`. */
export type DeclaredModel = {
  readonly name: string
  /** The next whole number when undefined. */
  readonly version: string | undefined
  readonly bucket: string
  readonly path: string
  /** Of the file, in lower-case hex. */
  readonly sha256: string | undefined
  /** Not ready without it. */
  readonly required: boolean
  /** Undefined: `users` for what is fetched, and what is there stays as it is. */
  readonly visibility: Visibility | undefined
  /** Credits per call; the same holds for it. */
  readonly price: number | undefined
  /** The same. */
  readonly kind: ModelKind | undefined
  /** Where a copy lies on this machine, absolute. */
  readonly localPath: string | undefined
  /** False never asks the storage. */
  readonly download: boolean
}
