import mammoth from 'mammoth'
import type { Block } from '../../ports/document-reader.ts'
import { htmlBlocks } from './html.ts'
import { measuredBytes, tooLarge, zipEntries } from './zip.ts'

/** Of a book of 1,000 pages some 20 MB. */
const mostUnpackedBytes = 64 * 1024 * 1024

/** Its headings, paragraphs, lists and tables. Pictures are not read, nor what it links to. @throws Unreadable. */
export async function docxBlocks(bytes: Uint8Array): Promise<Block[]> {
  refuseBombs(bytes)
  const { value } = await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) },
    {
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
      externalFileAccess: false,
      includeEmbeddedStyleMap: false,
    },
  )
  return htmlBlocks(value)
}

/** The reader unpacks each part whole: what a part claims to hold is counted, and then what it does. */
function refuseBombs(bytes: Uint8Array): void {
  const parts = zipEntries(bytes).filter(({ name }) => /\.(xml|rels)$/i.test(name))
  if (parts.reduce((sum, part) => sum + part.bytes, 0) > mostUnpackedBytes) throw tooLarge()
  let left = mostUnpackedBytes
  for (const part of parts) {
    left -= measuredBytes(bytes, part, left)
    if (left < 0) throw tooLarge()
  }
}
