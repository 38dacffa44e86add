/**
 * Completes package-lock.json. npm drops optional packages for other platforms that its registry does not hold, and
 * `npm ci` then refuses the lock on every machine (npm/cli#4828). Run it after each `npm install`: `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = []

for (const [path, owner] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    if (lock.packages[`${path}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`]) continue
    const entry = platformEntry(name, version, owner)
    if (!entry) continue
    lock.packages[`node_modules/${name}`] = entry
    added.push(name)
  }
}

const [[rootPath, root], ...others] = Object.entries(lock.packages)
others.sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = { [rootPath]: root, ...Object.fromEntries(others) }
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length === 0 ? 'The lock is complete.' : `Added ${added.join(', ')}.`)

/** Version and platform, as npm would write them; no integrity, which only the registry knows. */
function platformEntry(name, version, owner) {
  const words = name.split('/').pop().split('-')
  const os = words.find(word => systems.includes(word))
  const cpu = words.find(word => processors.includes(word))
  if (!/^\d/.test(version) || (!os && !cpu)) return undefined
  const libc = words.some(word => word.startsWith('musl'))
    ? 'musl'
    : words.some(word => word.startsWith('gnu'))
      ? 'glibc'
      : undefined
  return {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(owner.dev && { dev: true }),
    ...(libc && { libc: [libc] }),
    license: owner.license,
    optional: true,
    ...(os && { os: [os] }),
  }
}
