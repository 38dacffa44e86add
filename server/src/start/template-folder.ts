import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TypesetFiles } from '../ports/typesetter.ts'

type TemplateVersion = { version: number; path: string; files: TypesetFiles }

const maxFiles = 200
const maxBytes = 20_000_000

/**
 * A folder with `main.typ` is version 1; one with folders `1`, `2`, ... has so many versions. All that lies in it is read,
 * pictures and fonts too, through links as well (a mounted ConfigMap of Kubernetes is nothing else); what begins with a
 * dot is not.
 * @throws Error, one sentence.
 */
export async function readTemplateFolder(folder: string): Promise<TemplateVersion[]> {
  const names = await readdir(folder).catch(() => {
    throw new Error(`there is no folder ${folder}.`)
  })
  const numbers = names
    .filter(name => /^[1-9]\d{0,5}$/.test(name))
    .map(Number)
    .sort((one, other) => one - other)
  if (names.includes('main.typ')) {
    if (numbers.length > 0)
      throw new Error(
        `${folder} has both main.typ, which is version 1, and ${numbers.join(', ')}. Move main.typ into a folder of its own number.`,
      )
    return [{ version: 1, path: folder, files: await readFiles(folder) }]
  }
  if (numbers.length === 0) throw new Error(`${folder} has no main.typ, and no folder 1 with one.`)
  return Promise.all(
    numbers.map(async version => {
      const path = join(folder, String(version))
      const files = await readFiles(path)
      if (!files['/main.typ']) throw new Error(`${path} has no main.typ.`)
      return { version, path, files }
    }),
  )
}

async function readFiles(folder: string): Promise<TypesetFiles> {
  const found: { path: string; inside: string }[] = []
  let bytes = 0

  /** `above`: the real folders on the way here, of which none may come again. */
  async function collect(path: string, inside: string, above: readonly string[]): Promise<void> {
    const real = await realpath(path)
    if (above.includes(real)) throw new Error(`${path} leads back into itself.`)
    for (const name of await readdir(path)) {
      if (name.startsWith('.')) continue
      const next = { path: join(path, name), inside: `${inside}/${name}` }
      const facts = await stat(next.path)
      if (facts.isDirectory()) await collect(next.path, next.inside, [...above, real])
      if (!facts.isFile()) continue
      found.push(next)
      bytes += facts.size
      if (found.length > maxFiles) throw new Error(`${folder} has more than ${maxFiles} files.`)
      if (bytes > maxBytes) throw new Error(`${folder} has more than ${maxBytes} bytes.`)
    }
  }

  await collect(folder, '', [])
  const read = found.map(async ({ path, inside }) => [inside, await readFile(path)] as const)
  return Object.fromEntries(await Promise.all(read))
}
