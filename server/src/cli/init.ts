import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { packageVersion } from '../start/package-version.ts'

/** Writes a small project that runs, into a new folder or one that has none of these files. */
export async function initCommand(folder: string): Promise<void> {
  const path = resolve(folder)
  const files = projectFiles(nameOf(path), await packageVersion())
  await mkdir(path, { recursive: true })
  // Any form of the configuration: two of them would not start.
  const there = (await readdir(path)).filter(name => name in files || /^roundhouse\.config\./.test(name))
  if (there.length > 0)
    throw new Error(
      `${path} has ${there.sort().join(', ')} already. Choose another folder, or move them away; nothing was written.`,
    )
  // `wx`: also what came between the look and the write is not overwritten.
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text, { flag: 'wx' })
  const where = relative(process.cwd(), path)
  console.log(`Wrote ${Object.keys(files).join(', ')} to ${path}. Next:

${where === '' ? '' : `  cd ${quoted(where)}\n`}  npm install
  npm start
`)
}

function projectFiles(name: string, version: string): Record<string, string> {
  return {
    'package.json': `${JSON.stringify(
      {
        name,
        version: '0.0.0',
        private: true,
        type: 'module',
        scripts: { start: 'roundhouse start' },
        dependencies: { '@roundhouse/sdk': version, roundhouse: version },
        engines: { node: '>=24' },
        // Its CPU library is in the package; the script would download one for graphics cards.
        allowScripts: { 'onnxruntime-node': false },
      },
      undefined,
      2,
    )}\n`,
    'roundhouse.config.ts': `import { defineConfig } from '@roundhouse/sdk/config'

export default defineConfig({
  models: [
    // Fetched from the bucket "models" at start, when it is missing or has changed:
    // { name: 'price', path: 'price.onnx', required: false },
  ],
  agents: [
    // Published at start; what it may call beside models is declared by defineQuery and defineTool:
    // { name: 'Assistant', model: 'demo/demo', tools: [{ type: 'time' }] },
  ],
})
`,
    '.gitignore': 'node_modules/\ndata/\n',
    'README.md': `# ${name}

A [Roundhouse](https://www.npmjs.com/package/roundhouse) server.

    npm install
    npm start

It prints where it listens and a key. What it serves is declared in \`roundhouse.config.ts\`;
its data lie in \`data/\`. Settings are environment variables: \`PORT=8080 npm start\`.
Check this machine and the configuration with \`npx roundhouse doctor\`.
`,
  }
}

/** What npm takes as a name. */
function nameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
  return name === '' || name === 'roundhouse' || name === 'node_modules' ? 'my-roundhouse' : name
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `"${path}"`
}
