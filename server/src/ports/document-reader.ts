import type { DocumentKind } from '@roundhouse/sdk/contract'

/** A document that nobody has looked into yet. Name and type are hints: what it is, its bytes decide. */
export type UnreadDocument = { bytes: Uint8Array; name: string; contentType: string }

/** A paragraph, a row of a table, an item of a list: what should not be torn apart. */
export type Block = {
  readonly text: string
  /** Headings of 1 to 6. */
  readonly heading?: number
  /** What a row means nothing without: the names of its columns. */
  readonly columns?: string
  /** From 1, where the document has pages or lines. */
  readonly page?: number
  readonly firstLine?: number
  readonly lastLine?: number
}

export type ReadDocument = { kind: DocumentKind; blocks: readonly Block[]; characters: number }

/** Reads texts out of documents of any origin, in bounded time and memory, whatever they were made to do. */
export type DocumentReader = {
  /**
   * @throws Problem `document-unreadable` (no known kind, damaged, no text, or it needs more time, memory or characters
   *   than it may), or the reason of the signal.
   */
  read(document: UnreadDocument, signal: AbortSignal): Promise<ReadDocument>
  close(): Promise<void>
}
