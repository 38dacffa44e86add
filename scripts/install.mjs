import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The Node of package.json's dev dependency `node`: everyone runs the same one, whatever the machine has. */
export function pinnedNode(root) {
  return join(root, 'node_modules/node/bin/node')
}

/**
 * True when node_modules holds what the lockfile asks for. npm's own record of what it installed tells, so that an
 * `npm ci` by hand counts too; npm writes it last, so that a broken-off one does not.
 */
export function isInstalled(root) {
  const present = readPackages(join(root, 'node_modules/.package-lock.json'))
  const wanted = readPackages(join(root, 'package-lock.json')) ?? {}
  if (!present || !existsSync(pinnedNode(root))) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || (entry.optional && !isForThisMachine(entry))) return true
    const found = present[path]
    return (
      found?.version === entry.version && found?.integrity === entry.integrity && found?.link === entry.link
    )
  })
}

/**
 * @param {string} root
 * @param {(command: string, args: string[], env: NodeJS.ProcessEnv) => Promise<void>} run
 */
export async function install(root, run) {
  const [command, ...first] = npmCommand()
  // With NODE_ENV=production npm would leave out the pinned Node and the compiler.
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund']
  // Its install script would download a GPU library; the CPU library lies in the package.
  await run(command, args, { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' })
  if (existsSync(pinnedNode(root))) return
  throw new Error(
    'npm installed the packages, but not the Node that this project runs on: its install script did not run.\n' +
      'Run `npm rebuild node --ignore-scripts=false` in the root of the checkout, then this command again.',
  )
}

/** The npm that started us, by the Node that runs us; else the one on the PATH. */
function npmCommand() {
  const caller = process.env.npm_execpath
  if (caller && basename(caller) === 'npm-cli.js') return [process.execPath, caller]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}

/** npm leaves optional packages for other systems out. Which libc this is only npm knows. */
function isForThisMachine({ os, cpu, libc }) {
  return (
    Boolean(os || cpu) && !libc && (os ?? []).includes(process.platform) && (cpu ?? []).includes(process.arch)
  )
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined
}
