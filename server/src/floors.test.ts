import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Path from the folder's root, with `/`, to the text of the file. */
type Tree = ReadonlyMap<string, string>

const longestFile = 400

const kit = ['kit']
const ports = ['ports']
const outside = ['adapters']
const doors = ['http', 'worker']
const rooms = [
  ['accounts', 'files', 'idempotency', 'jobs', 'live', 'logs', 'settings'],
  ['models', 'credits', 'providers'],
  ['agents', 'knowledge', 'predictions', 'reports'],
  ['runs'],
  ['admin', 'changes', 'embeds', 'requests', 'tasks'],
]
/** From the ground up. What a floor holds may import what lies on the floors below it. */
const floors = [kit, ports, ...rooms, [...doors, ...outside], ['start'], ['cli']]
const roomNames = rooms.flat()

const server = readTree(new URL('.', import.meta.url), name => name.endsWith('.ts'))

test('an import goes down the floors, never up or sideways', () => {
  assert.deepEqual(badDirections(server), [])
})

test('no file imports itself by a detour', () => {
  assert.deepEqual(cycles(server), [])
  assert.deepEqual(cycles(readTree(new URL('../../sdk/src/', import.meta.url), isCode)), [])
  assert.deepEqual(cycles(readTree(new URL('../../bench/', import.meta.url), isCode)), [])
})

test('only start and cli read the environment', () => {
  assert.deepEqual(environmentReaders(server), [])
})

test('SQL lies in the store of a room or in the Postgres adapter', () => {
  assert.deepEqual(strayQueries(server), [])
})

test('a room knows no HTTP, and the kit no files and no network', () => {
  assert.deepEqual(strayPackages(server), [])
})

test(`no file is longer than ${longestFile} lines`, () => {
  for (const folder of [
    'sdk/src/',
    'server/src/',
    'server/test/',
    'bench/',
    'examples/',
    'scripts/',
    'console/',
  ]) {
    const tree = readTree(new URL(`../../${folder}`, import.meta.url), isCode)
    assert.deepEqual(tooLong(tree), [], `in ${folder}`)
  }
})

test('the check of the directions can fail', () => {
  const bad = (from: string, specifier: string) =>
    badDirections(new Map([[from, `import { a } from '${specifier}'`]])).length > 0
  assert.ok(bad('kit/log.ts', '../ports/cache.ts'), 'up')
  assert.ok(bad('models/models.ts', '../credits/credits.ts'), 'sideways between rooms')
  assert.ok(bad('models/models.ts', '../adapters/files/folder.ts'), 'from a room to an adapter')
  assert.ok(bad('runs/runs.ts', '../start/config.ts'), 'from a room to start')
  assert.ok(bad('http/server.ts', '../adapters/redis/cache.ts'), 'from http to an adapter')
  assert.ok(bad('http/server.ts', '../worker/worker.ts'), 'from one door to the other')
  assert.ok(bad('adapters/redis/cache.ts', '../../models/models.ts'), 'from an adapter to a room')
  assert.ok(bad('adapters/redis/cache.ts', '../postgres/pool.ts'), 'from one adapter to another')
  assert.ok(bad('models/models.ts', '../testing/house.ts'), 'from the product to testing')
  assert.ok(bad('models/models.ts', './models.contract.ts'), 'from the product to a contract suite')
  assert.ok(bad('cli/main.ts', '../../../bench/main.ts'), 'out of the server')
  assert.ok(bad('attic/old.ts', './older.ts'), 'in a folder without a floor')
  assert.ok(bad('stray.ts', './kit/log.ts'), 'in a file outside the folders')

  assert.ok(!bad('models/models.ts', './store.ts'), 'within a room')
  assert.ok(!bad('models/models.ts', '../accounts/accounts.ts'), 'down to a room')
  assert.ok(!bad('predictions/predict.ts', '../kit/log.ts'), 'down past floors')
  assert.ok(!bad('adapters/redis/cache.ts', '../../ports/cache.ts'), 'from an adapter to its port')
  assert.ok(!bad('http/routes/models.ts', '../../models/models.ts'), 'from http to a room')
  assert.ok(!bad('start/build.ts', '../adapters/redis/cache.ts'), 'from start to an adapter')
  assert.ok(!bad('models/models.ts', '@roundhouse/sdk/contract'), 'to the contract')
  assert.ok(!bad('kit/log.test.ts', '../runs/runs.ts'), 'from a test to anything')
})

test('every form of import is seen, and none in a comment', () => {
  const text = `
    import type { A } from './type.ts'
    import {
      b, // ' unbalanced
    } from "./many-lines.ts"
    import './effect.ts'
    export * from './star.ts'
    export { c } from './export.ts'
    const lazy = await import('./lazy.ts')
    type D = import('./inline-type.ts').D
    export const from = 'nowhere'
    // import { no } from './line-comment.ts'
    /* import { no } from './block-comment.ts' */
    const url = 'https://example.com' // it's not an import './trailing.ts'
  `
  const seen = ['type', 'many-lines', 'effect', 'star', 'export', 'lazy', 'inline-type'].map(
    name => `./${name}.ts`,
  )
  assert.deepEqual(importsOf(text).sort(), seen.sort())
})

test('the messages name the file, the import and the reason', () => {
  const tree = new Map([['models/models.ts', `import type { Pool } from '../adapters/postgres/pool.ts'`]])
  const [message = ''] = badDirections(tree)
  for (const part of ['models/models.ts', '../adapters/postgres/pool.ts', 'floor'])
    assert.ok(message.includes(part))
})

test('the other checks can fail', () => {
  const knot = new Map([
    ['kit/a.ts', `import type { B } from './b.ts'`],
    ['kit/b.ts', `export * from '../kit/c.ts'`],
    ['kit/c.ts', `const a = () => import('./a.ts')`],
    ['kit/d.ts', `import { a } from './a.ts'`],
  ])
  assert.deepEqual(cycles(knot), ['kit/a.ts -> kit/b.ts -> kit/c.ts -> kit/a.ts'])

  const one = (path: string, text: string) => new Map([[path, text]])
  const environment = 'const url = process.env.DATABASE_URL'
  assert.equal(environmentReaders(one('models/models.ts', environment)).length, 1)
  assert.equal(environmentReaders(one('adapters/a.ts', `import { env } from 'node:process'`)).length, 1)
  assert.deepEqual(environmentReaders(one('start/config.ts', environment)), [])
  assert.deepEqual(environmentReaders(one('kit/log.ts', '/** Not process.env. */')), [])

  const query = `await db.selectFrom('models').execute()`
  assert.equal(strayQueries(one('models/models.ts', query)).length, 1)
  assert.equal(strayQueries(one('models/publish.ts', `import { type Kysely, sql } from 'kysely'`)).length, 1)
  assert.equal(strayQueries(one('start/store.ts', query)).length, 1)
  assert.deepEqual(strayQueries(one('models/store.ts', query)), [])
  assert.deepEqual(strayQueries(one('adapters/postgres/roles.ts', query)), [])
  assert.deepEqual(strayQueries(one('ports/database.ts', `import type { Kysely } from 'kysely'`)), [])
  assert.deepEqual(strayQueries(one('models/models.ts', `import { type Kysely } from 'kysely'`)), [])

  assert.equal(
    strayPackages(one('models/upload.ts', `import type { FastifyRequest } from 'fastify'`)).length,
    1,
  )
  assert.equal(strayPackages(one('kit/read.ts', `import { readFile } from 'node:fs/promises'`)).length, 1)
  assert.deepEqual(strayPackages(one('http/server.ts', `import { fastify } from 'fastify'`)), [])

  assert.equal(tooLong(one('a.ts', 'line\n'.repeat(longestFile + 1))).length, 1)
  assert.deepEqual(tooLong(one('a.ts', 'line\n'.repeat(longestFile))), [])
})

test('the server is read whole, so that an empty answer means something', () => {
  for (const path of ['kit/log.ts', 'ports/cache.ts', 'adapters/redis/cache.ts', 'floors.test.ts']) {
    assert.ok(server.has(path), `${path} was not read`)
  }
})

function badDirections(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (isForTests(path)) return []
    const here = folderOf(path)
    if (floorOf(here) < 0)
      return [`${path}: ${here || 'the root'} is not on a floor. Give it one in floors.test.ts.`]
    return importsOf(text).flatMap(specifier => {
      const why = specifier.startsWith('.') ? whyNot(path, resolve(path, specifier)) : undefined
      return why ? [`${path} imports ${specifier}: ${why}`] : []
    })
  })
}

/** Why one file of ours may not import another, or undefined when it may. */
function whyNot(from: string, to: string): string | undefined {
  const here = folderOf(from)
  const there = folderOf(to)
  if (to.startsWith('../')) return 'it lies outside server/src'
  if (isForTests(to)) return 'only tests import what is for tests'
  if (outside.includes(here)) {
    if (there !== here)
      return [...kit, ...ports].includes(there) ? undefined : 'an adapter knows only ports and kit'
    return adapterOf(from) === adapterOf(to) ? undefined : 'one adapter does not know another'
  }
  if (there === here) return undefined
  if (floorOf(there) < 0) return `${there || 'the root'} is not on a floor`
  if (floorOf(there) < floorOf(here)) return undefined
  return `${there} (floor ${floorOf(there)}) does not lie below ${here} (floor ${floorOf(here)})`
}

/** Each knot once, as the path around it. */
function cycles(tree: Tree): string[] {
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '))
    if (start >= 0 || finished.has(path)) return
    const targets = importsOf(tree.get(path) ?? '').filter(specifier => specifier.startsWith('.'))
    for (const target of targets) visit(resolve(path, target), [...trail, path])
    finished.add(path)
  }
  for (const path of tree.keys()) visit(path, [])
  return found
}

function environmentReaders(tree: Tree): string[] {
  const allowed = ['start', 'cli']
  return [...tree].flatMap(([path, text]) => {
    if (isForTests(path) || allowed.includes(folderOf(path))) return []
    const reads = /\bprocess\s*\.\s*env\b|\benv\b[^;\n]*\bfrom\s*['"](node:)?process['"]/.test(
      withoutComments(text),
    )
    return reads ? [`${path} reads process.env: only start/ and cli/ do; take the value as an option.`] : []
  })
}

function strayQueries(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    const isStore = roomNames.includes(folderOf(path)) && posix.basename(path) === 'store.ts'
    if (isForTests(path) || isStore || path.startsWith('adapters/postgres/')) return []
    const code = withoutComments(text)
    const builds =
      /\.(selectFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto|executeQuery)\s*\(/.exec(code)
    const values =
      /\bimport\s+(?!type\b)\{([^}]*)\}\s*from\s*['"]kysely['"]/.exec(code)?.[1]?.split(',') ?? []
    const imported = values.map(name => name.trim()).filter(name => name !== '' && !name.startsWith('type '))
    const what = builds?.[1] ?? imported[0]
    return what ? [`${path} uses ${what}: SQL lies in the store.ts of a room or in adapters/postgres.`] : []
  })
}

function strayPackages(tree: Tree): string[] {
  const http = /^(fastify|@fastify\/.*|node:http|node:https|node:http2)$/
  const inputAndOutput =
    /^node:(fs|fs\/promises|net|tls|dgram|http|https|http2|child_process|worker_threads)$/
  return [...tree].flatMap(([path, text]) => {
    if (isForTests(path)) return []
    const inKit = kit.includes(folderOf(path))
    const refused = inKit ? inputAndOutput : roomNames.includes(folderOf(path)) ? http : undefined
    const stray = importsOf(text).filter(specifier => refused?.test(specifier))
    return stray.map(
      specifier => `${path} imports ${specifier}: ${inKit ? 'kit has no I/O' : 'a room sees no HTTP'}.`,
    )
  })
}

function tooLong(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    const lines = text.split('\n').length - 1
    return lines > longestFile ? [`${path} has ${lines} lines: ask what else lives there.`] : []
  })
}

/** The specifiers of static, dynamic and type imports and of re-exports. */
function importsOf(text: string): string[] {
  const code = withoutComments(text)
  const withFrom = /(?:^|[\n;])\s*(?:import|export)\b(?:\s+type\b)?[\s\w$*{},]*?\bfrom\s*['"]([^'"\n]+)['"]/g
  const bare = /(?:^|[\n;])\s*import\s*['"]([^'"\n]+)['"]/g
  const called = /\bimport\s*\(\s*['"]([^'"\n]+)['"]/g
  return [withFrom, bare, called].flatMap(form => [...code.matchAll(form)].map(match => match[1] ?? ''))
}

/** Strings are passed over, so that the slashes of an address do not begin a comment. */
function withoutComments(text: string): string {
  const tokens = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(tokens, (_, string: string | undefined) => string ?? ' ')
}

function isForTests(path: string): boolean {
  return /\.(test|contract)\.ts$/.test(path) || path.startsWith('testing/')
}

function isCode(name: string): boolean {
  return /\.(ts|tsx|js|mjs)$/.test(name) && !/\.gen\.|\.min\./.test(name)
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function adapterOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function floorOf(folder: string): number {
  return floors.findIndex(names => names.includes(folder))
}

function resolve(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function readTree(root: URL, wanted: (name: string) => boolean): Tree {
  const folder = fileURLToPath(root)
  if (!existsSync(folder)) return new Map()
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(path =>
    path.replaceAll('\\', '/'),
  )
  const ours = paths.filter(path => wanted(path) && !/(^|\/)(node_modules|dist)\//.test(path))
  return new Map(ours.map(path => [path, readFileSync(posix.join(folder, path), 'utf8')]))
}
