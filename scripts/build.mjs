import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * What is made from what, in order; paths from the root of the checkout. `tsc` names the project that makes `output`,
 * `program` the script that does.
 */
const parts = [
  { name: 'sdk', output: 'sdk/dist', tsc: 'sdk/tsconfig.json', inputs: ['sdk/src', 'sdk/tsconfig.json'] },
  {
    name: 'server',
    output: 'server/dist',
    tsc: 'server/tsconfig.json',
    inputs: ['server/src', 'server/tsconfig.json', 'sdk/src'],
  },
  {
    name: 'console',
    output: 'server/public',
    program: 'console/build.mjs',
    inputs: [
      'console/src',
      'console/public',
      'console/build.mjs',
      'console/vite.mjs',
      'console/package.json',
      'sdk/src',
    ],
  },
]
const forAll = ['tsconfig.base.json', 'package-lock.json']

/** The parts whose output is missing or was made from other sources. */
export function findStaleParts(root) {
  return parts.filter(part => {
    if (!existsSync(join(root, part.inputs[0]))) return false
    return !existsSync(join(root, part.output)) || readText(stampOf(root, part)) !== hashInputs(root, part)
  })
}

/**
 * Makes the output beside the old one and then puts it in its place, so that a failed build leaves what was there.
 * @param {string} root
 * @param {ReturnType<typeof findStaleParts>[number]} part
 * @param {(args: string[]) => Promise<void>} runNode
 */
export async function buildPart(root, part, runNode) {
  const made = hashInputs(root, part)
  const output = join(root, part.output)
  const next = `${output}.next`
  rmSync(next, { recursive: true, force: true })
  try {
    if (part.tsc)
      await runNode([join(root, 'node_modules/typescript/bin/tsc'), '-p', part.tsc, '--outDir', next])
    else await runNode([join(root, part.program), next])
  } catch (error) {
    rmSync(next, { recursive: true, force: true })
    throw error
  }

  rmSync(stampOf(root, part), { force: true })
  const old = `${output}.old`
  rmSync(old, { recursive: true, force: true })
  if (existsSync(output)) renameSync(output, old)
  renameSync(next, output)
  rmSync(old, { recursive: true, force: true })
  mkdirSync(dirname(stampOf(root, part)), { recursive: true })
  writeFileSync(stampOf(root, part), made)
}

function stampOf(root, part) {
  return join(root, '.cache', `built-${part.name}`)
}

function hashInputs(root, part) {
  const hash = createHash('sha256')
  for (const path of [...part.inputs, ...forAll]) addToHash(hash, root, path)
  return hash.digest('hex')
}

/** Tests are no part of the output: editing one makes nothing stale. */
function addToHash(hash, root, path) {
  const entries = readDirectory(join(root, path))
  if (!entries)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  for (const name of entries?.sort() ?? []) {
    if (!/\.(test|contract)\.ts$|^testing$/.test(name)) addToHash(hash, root, `${path}/${name}`)
  }
}

function readDirectory(path) {
  try {
    return readdirSync(path)
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined
    throw error
  }
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
