/**
 * Makes the browser's side: `node console/build.mjs <folder>`. The static files of `public` as they are, each page
 * `src/*.html` with its modules under `/assets`, and `widget.js`, one classic script that any site can name.
 */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Name the folder to build into: node console/build.mjs server/public')
const outDir = resolve(folder)
const src = join(here, 'src')

const common = {
  configFile: false,
  envDir: false,
  root: src,
  logLevel: 'warn',
  resolve: { conditions: ['roundhouse-source', 'module', 'browser', 'production'] },
}
const options = { outDir, target: 'es2022', reportCompressedSize: false }

await build({
  ...common,
  publicDir: join(here, 'public'),
  build: {
    ...options,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // A stylesheet or a picture in a `data:` address is refused by the pages' content security policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: readdirSync(src)
        .filter(name => name.endsWith('.html'))
        .map(name => join(src, name)),
    },
  },
})

await build({
  ...common,
  publicDir: false,
  build: {
    ...options,
    emptyOutDir: false,
    lib: {
      entry: join(src, 'widget/main.ts'),
      formats: ['iife'],
      name: 'roundhouseWidget',
      fileName: () => 'widget.js',
    },
  },
})
