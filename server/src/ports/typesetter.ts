/** Bytes by absolute path: `/main.typ` is what is set, `/data.json` its data, beside them whatever these name. */
export type TypesetFiles = Readonly<Record<string, Uint8Array>>

export type TypesetOptions = {
  /** Whose order it is: those who wait take turns, however many orders each has. */
  caller?: string | undefined
  /** When it aborts the call ends at once, and nothing more is made for it. */
  signal?: AbortSignal | undefined
}

/**
 * Sets pages from a Typst template and data. A template reads the given files and nothing else: no disk, no network, no
 * packages. It takes bounded time and memory, whatever template and data are.
 *
 * Every method rejects with Problem `report-failed` (the template does not compile with these data, or needs more time
 * or memory than it may), `report-overloaded` (too many wait, or it waited too long), or the reason of its signal.
 */
export type Typesetter = {
  /** The same files give the same bytes. `missing` are the letters that the template found in no font: they print as boxes. */
  pdf(
    files: TypesetFiles,
    options?: TypesetOptions,
  ): Promise<{ pdf: Uint8Array; pages: number; missing: string[] }>
  /**
   * One page of a PDF, counted from 1, as a picture of at most 1,240 x 1,754 pixels (A4 at 150 dpi).
   * @param read Gives the PDF. Called when it is its turn, and nothing else is set meanwhile; what it throws is thrown.
   * @throws Problem `resource-not-found` when there is no such page.
   */
  png(
    read: (signal: AbortSignal) => Promise<Uint8Array>,
    page: number,
    options?: TypesetOptions,
  ): Promise<Uint8Array>
  close(): Promise<void>
}
