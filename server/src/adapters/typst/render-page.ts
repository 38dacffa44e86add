import { type PDFiumDocument, PDFiumLibrary } from '@hyzyla/pdfium'
import type { TypesetAnswer } from './messages.ts'
import { encodePng } from './png.ts'

/** A4 at 150 dpi; PDF counts in 1/72 inch. */
const mostWide = 1240
const mostHigh = 1754
const dpi = 150

let library: Promise<PDFiumLibrary> | undefined

/** PDFium runs as WebAssembly: a file made to break it breaks nothing but the picture. */
export async function renderPage(pdf: Uint8Array, number: number): Promise<TypesetAnswer> {
  library ??= PDFiumLibrary.init()
  const pdfium = await library
  let document: PDFiumDocument | undefined
  try {
    document = await pdfium.loadDocument(pdf)
    const pages = document.getPageCount()
    if (number > pages) return { kind: 'no-page', pages }
    const page = document.getPage(number - 1)
    const { originalWidth, originalHeight } = page.getOriginalSize()
    const scale = Math.min(dpi / 72, mostWide / originalWidth, mostHigh / originalHeight)
    const { data, width, height } = await page.render({ scale, render: 'bitmap' })
    return { kind: 'png', png: encodePng(data, width, height) }
  } catch (error) {
    return { kind: 'refused', text: error instanceof Error ? error.message : String(error) }
  } finally {
    document?.destroy()
  }
}
