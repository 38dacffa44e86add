import { PDFiumLibrary } from '@hyzyla/pdfium'
import type { Block } from '../../ports/document-reader.ts'
import { Unreadable } from './unreadable.ts'

const mostPages = 10_000

/** The text of each page, in paragraphs as far as the page shows them. @throws Unreadable. */
export async function pdfBlocks(bytes: Uint8Array, mostCharacters: number): Promise<Block[]> {
  const pdfium = await PDFiumLibrary.init()
  const document = await pdfium.loadDocument(bytes).catch(error => {
    throw new Unreadable(
      /password/i.test(String(error))
        ? 'it is a PDF that asks for a password'
        : 'it is a PDF that is damaged',
    )
  })
  const pages = document.getPageCount()
  if (pages > mostPages) throw new Unreadable(`it has ${pages} pages, and a document may have ${mostPages}`)
  const blocks: Block[] = []
  let characters = 0
  for (let page = 1; page <= pages; page += 1) {
    for (const text of paragraphsOf(textOf(document, page))) {
      blocks.push({ text, page })
      characters += text.length
    }
    if (characters > mostCharacters) break
  }
  return blocks
}

function textOf(document: Awaited<ReturnType<PDFiumLibrary['loadDocument']>>, page: number): string {
  try {
    return document.getPage(page - 1).getText()
  } catch {
    // One page of many that cannot be read.
    return ''
  }
}

/** PDFium ends lines by CRLF, and writes U+FFFE or U+0002 for a hyphen at the end of one. */
function paragraphsOf(text: string): string[] {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\u0002', '\ufffe')
    .replaceAll(/\ufffe\n?/g, '')
    .split(/\n[ \t]*\n/)
    .filter(paragraph => paragraph.trim() !== '')
}
