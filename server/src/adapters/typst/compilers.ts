import { createHash } from 'node:crypto'
import type { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'
import type { TypesetFiles } from '../../ports/typesetter.ts'
import { openCompiler } from './compile.ts'

/** What Typst reads as fonts. */
const fontFile = /\.(ttf|otf|ttc|otc)$/i
/** With fonts of their own. */
const mostKept = 2

/**
 * The compiler for these files. It takes fonts only when it is made, so that a template which brings its own has one of
 * its own: those fonts show in no other report.
 */
export function createCompilers(fontsFolder: string): (files: TypesetFiles) => NodeCompiler {
  const house = openCompiler(fontsFolder)
  const kept = new Map<string, NodeCompiler>()

  return files => {
    const fonts = Object.entries(files)
      .filter(([path]) => fontFile.test(path))
      .map(([, bytes]) => bytes)
    if (fonts.length === 0) return house
    const key = fonts.map(bytes => createHash('sha256').update(bytes).digest('hex')).join()
    const compiler = kept.get(key) ?? openCompiler(fontsFolder, fonts)
    // The one that was used last stands last.
    kept.delete(key)
    kept.set(key, compiler)
    for (const oldest of kept.keys()) if (kept.size > mostKept) kept.delete(oldest)
    return compiler
  }
}
