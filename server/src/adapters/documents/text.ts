import type { Block } from '../../ports/document-reader.ts'

/** Paragraphs: what lies between empty lines. */
export function textBlocks(text: string): Block[] {
  const blocks: Block[] = []
  let lines: string[] = []
  let firstLine = 1
  const end = (lastLine: number) => {
    if (lines.length > 0) blocks.push({ text: lines.join('\n'), firstLine, lastLine })
    lines = []
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') end(index)
    else {
      if (lines.length === 0) firstLine = index + 1
      lines.push(line)
    }
  }
  end(text.split('\n').length)
  return blocks
}
