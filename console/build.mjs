/**
 * Makes the browser's side: `node console/build.mjs <folder>`. The static files of `public` as they are, each page
 * `src/*.html` with its modules under `/assets`, and `widget.js`, one classic script that any site can name.
 */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { common, publicFolder, sources } from './vite.mjs'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Name the folder to build into: node console/build.mjs server/public')
const outDir = resolve(folder)

/**
 * What the console cannot begin without is one file: it compresses better than in parts (5 kB of 200 less, 2026-11), and
 * stays in the browser's cache when only our own code changes.
 */
const vendor =
  /node_modules\/(react|react-dom|scheduler|zod|@tanstack\/(history|query-core|react-query|react-router|react-store|router-core|store))\//

/** The notices of the libraries whose code is in the build, which their licences ask for. */
const licenses = 'licenses.md'
/** They come by a stylesheet, where Vite sees no package. */
const fonts = ['@fontsource-variable/inter', '@fontsource-variable/jetbrains-mono']

/** `"use client"` speaks to frameworks that render on a server; there is none here. */
function onLog(level, log, tell) {
  if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log)
}

const options = { outDir, target: 'es2022', reportCompressedSize: false }

await build({
  ...common(),
  logLevel: 'warn',
  publicDir: publicFolder,
  build: {
    ...options,
    emptyOutDir: true,
    license: { fileName: licenses },
    modulePreload: { polyfill: false },
    // A stylesheet or a picture in a `data:` address is refused by the pages' content security policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      onLog,
      output: { codeSplitting: { groups: [{ name: 'vendor', test: vendor }] } },
      input: readdirSync(sources)
        .filter(name => name.endsWith('.html'))
        .map(name => join(sources, name)),
    },
  },
})

await build({
  ...common(),
  logLevel: 'warn',
  publicDir: false,
  build: {
    ...options,
    emptyOutDir: false,
    lib: {
      entry: join(sources, 'widget/main.ts'),
      formats: ['iife'],
      name: 'roundhouseWidget',
      fileName: () => 'widget.js',
    },
  },
})

for (const font of fonts) {
  const text = readFileSync(fileURLToPath(import.meta.resolve(`${font}/LICENSE`)), 'utf8')
  appendFileSync(join(outDir, licenses), `\n## ${font}\n\n${text.trim()}\n`)
}

// Compressed once here, so that the server need not do it for each visitor.
for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
  const path = join(entry.parentPath, entry.name)
  const bytes = readFileSync(path)
  if (bytes.byteLength < 1024) continue
  writeFileSync(`${path}.br`, brotliCompressSync(bytes))
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
}
