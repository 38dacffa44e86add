import type { TypesetFiles } from '../../ports/typesetter.ts'

/** To the process, one at a time: the next one follows the answer. */
export type TypesetOrder =
  | { kind: 'pdf'; files: TypesetFiles }
  | { kind: 'png'; pdf: Uint8Array; page: number }

export type TypesetAnswer =
  | { kind: 'pdf'; pdf: Uint8Array; pages: number; missing: string[] }
  | { kind: 'png'; png: Uint8Array }
  | { kind: 'no-page'; pages: number }
  /** The template or its data are at fault; `text` says how. */
  | { kind: 'refused'; text: string }
  | { kind: 'bug'; text: string }
