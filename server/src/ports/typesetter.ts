/** Bytes by absolute path: `/main.typ` is what is set, `/data.json` its data, beside them whatever these name. */
export type TypesetFiles = Readonly<Record<string, Uint8Array>>

/**
 * Sets pages from a Typst template and data. A template reads the given files and nothing else: no disk, no network, no
 * packages. It takes bounded time and memory, whatever template and data are.
 *
 * Every method rejects with Problem `report-failed` (the template does not compile with these data, or needs more time
 * or memory than it may), `report-overloaded` (too many wait), or the reason of its signal.
 */
export type Typesetter = {
  /** The same files give the same bytes. */
  pdf(files: TypesetFiles, signal?: AbortSignal): Promise<{ pdf: Uint8Array; pages: number }>
  /** One page of a PDF, counted from 1, as a picture of at most 1,240 x 1,754 pixels (A4 at 150 dpi). @throws Problem `resource-not-found` when there is no such page. */
  png(pdf: Uint8Array, page: number, signal?: AbortSignal): Promise<Uint8Array>
  close(): Promise<void>
}
