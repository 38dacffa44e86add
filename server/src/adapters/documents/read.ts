import type { Block, ReadDocument, UnreadDocument } from '../../ports/document-reader.ts'
import { csvBlocks } from './csv.ts'
import { type Found, kindOf } from './kind.ts'
import { markdownBlocks } from './markdown.ts'
import { textBlocks } from './text.ts'
import { Unreadable } from './unreadable.ts'

/** A long novel has a million. */
const mostCharacters = 5_000_000
/** What arrives at the server keeps it for half a microsecond each (2026-11). */
const mostBlocks = 250_000

/** @throws Unreadable, with a clause that says why; anything else by a document that is damaged. */
export async function readDocument(document: UnreadDocument): Promise<ReadDocument> {
  const found = kindOf(document)
  const blocks = (await blocksOf(found, document.bytes)).map(cleaned).filter(({ text }) => text !== '')
  if (blocks.length > mostBlocks)
    throw new Unreadable(`it has ${blocks.length} paragraphs and rows, and a document may have ${mostBlocks}`)
  const characters = blocks.reduce((sum, { text }) => sum + text.length, 0)
  if (characters > mostCharacters)
    throw new Unreadable(`it has ${characters} characters, and a document may have ${mostCharacters}`)
  if (!blocks.some(({ text }) => /[\p{L}\p{N}]/u.test(text)))
    throw new Unreadable(
      found.kind === 'pdf' ? 'there is no text in it, only pictures perhaps' : 'there is no text in it',
    )
  return { kind: found.kind, blocks, characters }
}

/** What is large or for a library is loaded where it is used. */
async function blocksOf(found: Found, bytes: Uint8Array): Promise<Block[]> {
  switch (found.kind) {
    case 'text':
      return textBlocks(found.text)
    case 'markdown':
      return markdownBlocks(found.text)
    case 'csv':
      return csvBlocks(found.text)
    case 'html':
      return (await import('./html.ts')).htmlBlocks(found.text)
    case 'pdf':
      return (await import('./pdf.ts')).pdfBlocks(bytes, mostCharacters)
    case 'docx':
      return (await import('./docx.ts')).docxBlocks(bytes)
  }
}

/** PostgreSQL takes neither NUL nor half of a surrogate pair, and nobody reads the other control characters. */
function cleaned<Any extends Block>(block: Any): Any {
  const text = block.text
    .toWellFormed()
    .replaceAll('\u00ad', '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what goes.
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\ufffe\uffff]/g, '')
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .trim()
  return { ...block, text }
}
