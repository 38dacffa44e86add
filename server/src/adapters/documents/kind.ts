import { isUtf8 } from 'node:buffer'
import type { DocumentKind } from '@roundhouse/sdk/contract'
import type { UnreadDocument } from '../../ports/document-reader.ts'
import { Unreadable } from './unreadable.ts'
import { zipEntries } from './zip.ts'

export type Found = { kind: 'pdf' | 'docx' } | { kind: Exclude<DocumentKind, 'pdf' | 'docx'>; text: string }

const known = 'it is neither text, Markdown, HTML, PDF, CSV nor DOCX'
/** Readers of PDF pass over what stands before it. */
const pdfWithin = 1024
const begunWithin = 4096
/** A comment ends at its first end, and in no other place: else thirty of them, one behind the other, take minutes. */
const page = /^(<\?xml[^>]*>\s*)?(<!--(?:(?!-->)[\s\S])*-->\s*)*(<!doctype html|<html|<head|<body)/i

/** The bytes say what it is; among texts, which look alike, name and type help. @throws Unreadable. */
export function kindOf({ bytes, name, contentType }: UnreadDocument): Found {
  if (bytes.length === 0) throw new Unreadable('it is empty')
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, pdfWithin)).toString(
    'latin1',
  )
  if (head.includes('%PDF-')) return { kind: 'pdf' }
  if (head.startsWith('PK\u0003\u0004')) {
    if (zipEntries(bytes).some(entry => entry.name === 'word/document.xml')) return { kind: 'docx' }
    throw new Unreadable(`${known}, but another archive`)
  }
  const text = textOf(bytes)
  const hint = hintOf(name, contentType)
  const begin = text.slice(0, begunWithin).trimStart()
  if (page.test(begin)) return { kind: 'html', text }
  if (hint === 'html' && /<[a-z][^<>]*>/i.test(text)) return { kind: 'html', text }
  if (hint === 'csv' && /^[^\n]*[,;\t]/.test(text)) return { kind: 'csv', text }
  if (hint === 'markdown' || /^#{1,6} \S/m.test(text)) return { kind: 'markdown', text }
  return { kind: 'text', text }
}

function hintOf(name: string, contentType: string): 'html' | 'csv' | 'markdown' | undefined {
  const about = `${/\.(\w+)$/.exec(name)?.[1] ?? ''} ${contentType.split(';')[0] ?? ''}`.toLowerCase()
  if (/\b(html?|xhtml)\b/.test(about)) return 'html'
  if (/\b(csv|tsv|comma-separated-values|tab-separated-values)\b/.test(about)) return 'csv'
  if (/\b(md|markdown)\b/.test(about)) return 'markdown'
  return undefined
}

/** UTF-8, UTF-16 where its mark says so, else Windows-1252, which is what old files mostly are. @throws Unreadable. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return decoded(bytes, 'utf-16le')
  if (first === 0xfe && second === 0xff) return decoded(bytes, 'utf-16be')
  if (bytes.includes(0)) throw new Unreadable(known)
  if (isUtf8(bytes)) return decoded(bytes, 'utf-8')
  const text = decoded(bytes, 'windows-1252')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no text has them, and every other file does.
  if (/[\u0001-\u0008\u000e-\u001a]/.test(text)) throw new Unreadable(known)
  return text
}

function decoded(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes).replaceAll('\r\n', '\n').replaceAll('\r', '\n')
}
