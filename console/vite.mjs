/** What the build and the development server of the browser's side have in common. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'

const here = fileURLToPath(new URL('.', import.meta.url))
export const sources = join(here, 'src')
export const publicFolder = join(here, 'public')

export function common() {
  return {
    configFile: false,
    envDir: false,
    root: sources,
    plugins: [tailwind()],
    // The sample model, which the console can upload.
    assetsInclude: ['**/*.onnx'],
    resolve: { conditions: ['roundhouse-source', 'module', 'browser', 'production'] },
    // Written here, so that Vite need not look for a tsconfig of its own.
    oxc: { jsx: { runtime: 'automatic' } },
  }
}
