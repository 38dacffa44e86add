import type { ImportedApi } from '@roundhouse/sdk/contract'

export type ApiDocument = {
  /** JSON or YAML, or what was read of JSON. */
  readonly content: unknown
  /** Where it was read from: addresses in it may be relative to this. */
  readonly url?: string | undefined
  readonly operations?: readonly string[] | undefined
  readonly baseUrl?: string | undefined
}

/** Makes tools of the description of an API, whoever wrote that, in bounded time and memory. */
export type ApiImporter = {
  /** @throws Problem `invalid-request` for what is no such description, or too large; the reason of the signal. */
  import(document: ApiDocument, signal: AbortSignal): Promise<ImportedApi>
}
