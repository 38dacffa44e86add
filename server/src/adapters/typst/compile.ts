import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'
import type { TypesetFiles } from '../../ports/typesetter.ts'
import type { TypesetAnswer } from './messages.ts'

/** A folder that is nowhere: what was not given is not found, and what lies above it is refused by the compiler. */
const workspace = resolve('/roundhouse-report')
/** Compilations after which a memoized result that was of no use is forgotten. */
const keptCompilations = 1
const collectGarbage: unknown = Reflect.get(globalThis, 'gc')

/** 80 ms: it reads the fonts of the folder, those within the compiler, and the system's for scripts that neither has. */
export function openCompiler(fontsFolder: string, more: readonly Uint8Array[] = []): NodeCompiler {
  const fontBlobs = readdirSync(fontsFolder)
    .filter(name => name.endsWith('.ttf'))
    .map(name => readFileSync(join(fontsFolder, name)))
  return NodeCompiler.create({
    workspace,
    fontArgs: [{ fontBlobs: [...fontBlobs, ...more.map(asBuffer)] }],
  })
}

export function compilePdf(compiler: NodeCompiler, files: TypesetFiles): TypesetAnswer {
  compiler.resetShadow()
  for (const [path, bytes] of Object.entries(files))
    compiler.mapShadow(join(workspace, path), asBuffer(bytes))
  try {
    const compiled = compiler.compile({ mainFilePath: join(workspace, 'main.typ'), resetRead: true })
    const error = compiled.takeError()
    if (error) return { kind: 'refused', text: describe(compiler.fetchDiagnostics(error)) }
    const document = compiled.result
    if (!document) return { kind: 'refused', text: 'it gave no pages' }
    const missing = missingLetters(
      compiler.query(document, { selector: '<missing-letters>', field: 'value' }),
    )
    return { kind: 'pdf', pdf: compiler.pdf(document), pages: document.numOfPages, missing }
  } catch (error) {
    return { kind: 'refused', text: error instanceof Error ? error.message : String(error) }
  } finally {
    compiler.resetShadow()
    compiler.evictCache(keptCompilations)
    // A document is some 2 MB that only its finalizer gives back, and V8 sees a few bytes: the process grew from 100 to
    // 250 MB within 120 reports (2026-11-21).
    if (typeof collectGarbage === 'function') collectGarbage({ type: 'minor' })
  }
}

/** What a template found to have no shape in the fonts here: `metadata(letters) <missing-letters>`. */
function missingLetters(found: unknown): string[] {
  return Array.isArray(found) ? found.flat().filter(letter => typeof letter === 'string') : []
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The first error and where it is, as the compiler tells it. */
function describe(diagnostics: readonly unknown[]): string {
  const [first] = diagnostics
  if (typeof first !== 'object' || first === null || !('message' in first)) return 'it does not compile'
  const path = 'path' in first ? String(first.path).replace(workspace, '') : ''
  return `${String(first.message).replaceAll(workspace, '').slice(0, 300)}${path && ` (${path})`}`
}
