import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sample } from '../server/sample/sample.ts'
import { temporaryFolder } from '../server/src/testing/temporary-folder.ts'
import { startServer } from '../server/test/server.ts'
import { findSecrets } from './secrets.ts'

type Names = Record<string, string>
type Manifest = {
  name: string
  workspaces?: string[]
  allowScripts?: Record<string, boolean>
  dependencies?: Names
  devDependencies?: Names
  optionalDependencies?: Names
}
type Entry = {
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
  hasInstallScript?: boolean
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
}
type Sbom = {
  bomFormat: string
  specVersion: string
  components: {
    'bom-ref': string
    name: string
    version: string
    hashes?: { alg: string; content: string }[]
  }[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const workspace = readJson<Manifest>('package.json')
const folders = workspace.workspaces ?? []
const manifests = [workspace, ...folders.map(folder => readJson<Manifest>(`${folder}/package.json`))]
const ourNames = manifests.map(({ name }) => name)
const lock = readJson<{ packages: Record<string, Entry> }>('package-lock.json')
/** All that comes from a registry: neither the workspace, nor its packages, nor the links to them. */
const locked = Object.entries(lock.packages).filter(([path, { link }]) => isInstalled(path) && !link)
const unreachable =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|E40[13])\b/

test('each dependency of ours is named with one exact version, also those in Python', () => {
  const direct = manifests.flatMap(directDependencies)
  assert.ok(direct.length > 20)
  const ranges = direct.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
  assert.deepEqual(ranges, [])

  for (const file of ['bench/fastapi/requirements.txt', 'server/test/tritonclient/requirements.txt']) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    const packages = lines.filter(line => line !== '' && !line.startsWith('#'))
    assert.ok(packages.length > 0)
    assert.deepEqual(
      packages.filter(line => !/^[\w.-]+==\d[\w.]*$/.test(line)),
      [],
      file,
    )
  }
})

test('what npm installs is checked against a SHA-512 of the lock', () => {
  assert.ok(locked.length > 100)
  const unchecked = locked.filter(
    ([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''),
  )
  // Binaries for other systems, which scripts/complete-lock.mjs adds without their hash: the registry that made the
  // lock does not hold them. npm takes those of its own registry there.
  const forOthers = ({ optional, os }: Entry) => optional && os && !os.includes('linux')
  const forNoSystem = ({ optional, cpu }: Entry) => optional && cpu?.every(name => name === 'wasm32')
  const forOtherLinux = (path: string) => /(?:linux|openharmony).*(?:musl|arm|ppc64|riscv64|s390x)/.test(path)
  assert.deepEqual(
    unchecked
      .filter(
        ([path, entry]) =>
          !forOthers(entry) && !forNoSystem(entry) && !(entry.optional && forOtherLinux(path)),
      )
      .map(nameOf),
    [],
  )
})

test('the lock names no host, and takes nothing from git, a file or an address', () => {
  assert.deepEqual(
    locked.filter(([, { resolved }]) => resolved !== undefined),
    [],
  )
  assert.deepEqual(
    locked.filter(([, { version }]) => !/^\d+\.\d+\.\d+(?:-[\w.-]+)?$/.test(version ?? '')),
    [],
  )
  assert.doesNotMatch(readFileSync(join(root, '.npmrc'), 'utf8'), /registry\s*=|_auth|_password/)
})

test('no install script runs, or is left out, without a decision in allowScripts', () => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(nameOf)
  const decided = workspace.allowScripts ?? {}
  assert.deepEqual([...new Set(withScript)].sort(), Object.keys(decided).sort())
  const allowed = Object.keys(decided).filter(name => decided[name])
  assert.deepEqual(allowed, ['node'])
})

test('npm writes a bill of materials with our dependencies and their hashes', async () => {
  // Of what npm was to install, whatever this machine has installed.
  const { stdout } = await npm(
    ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'],
    root,
  )
  const sbom = JSON.parse(stdout) as Sbom
  assert.equal(sbom.bomFormat, 'CycloneDX')
  assert.match(sbom.specVersion, /^1\.\d$/)
  const components = new Map(sbom.components.map(component => [component['bom-ref'], component]))
  for (const manifest of manifests) {
    const names = directDependencies(manifest).map(([name, version]) => `${name}@${version}`)
    const listed = sbom.dependencies.find(({ ref }) => ref.startsWith(`${manifest.name}@`))
    assert.deepEqual(
      names.filter(name => !listed?.dependsOn.includes(name) || !components.has(name)),
      [],
      manifest.name,
    )
  }
  const zod = components.get(`zod@${lock.packages['node_modules/zod']?.version}`)
  const sha512 = Buffer.from(lock.packages['node_modules/zod']?.integrity?.slice(7) ?? '', 'base64')
  assert.deepEqual(zod?.hashes, [{ alg: 'SHA-512', content: sha512.toString('hex') }])
})

test('no file of the repository holds a secret', t => {
  if (!existsSync(join(root, '.git'))) return t.skip('this is no git checkout')
  // Also what is not committed yet, which is when it helps most.
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(path => path !== '' && existsSync(join(root, path)))
  assert.ok(files.length > 100)
  const found = files.flatMap(path => findSecrets(path, readFileSync(join(root, path), 'latin1')))
  assert.deepEqual([...new Set(found)], [], 'a test makes its secrets when it runs')
})

test('a secret of each kind is found where it stands, and what only looks like one is not', () => {
  const random = (bytes: number, encoding: 'base64url' | 'hex' = 'base64url') =>
    randomBytes(bytes).toString(encoding)
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const secrets = {
    'private key': `-----BEGIN EC ${'PRIVATE'} KEY-----`,
    'private key (JWK)': `"kty": "EC", "d": "${random(32)}"`,
    'API key of this server': `rh_${random(32)}`,
    'GitHub token': `ghp_${random(18, 'hex')}`,
    'npm token': `npm_${random(18, 'hex')}`,
    'secret key of a model provider': `sk-proj-${random(30)}`,
    'Stripe key': `sk_live_${random(12, 'hex')}`,
    'AWS access key': `AKIA${random(8, 'hex').toUpperCase()}`,
    'Google API key': `AIza${random(26)}A`.slice(0, 39),
    'Slack token': `xoxb-${random(12, 'hex')}`,
    'Supabase key': `sbp_${random(20, 'hex')}`,
    'signed token (JWT)': `${part({ alg: 'HS256' })}.${part({ sub: 'someone' })}.${random(32)}`,
    'password in an address': `postgresql://app:${random(18)}@db.example:5432/app`,
  }
  for (const [kind, secret] of Object.entries(secrets)) {
    assert.deepEqual(findSecrets('docs/x.md', `one\ntwo\nkey = '${secret}'\n`), [`docs/x.md:3 ${kind}`])
  }
  for (const path of ['.env', 'server/.env.local', 'data/service-role-key', 'tls/server.pem', 'id_ed25519'])
    assert.deepEqual(findSecrets(path, ''), [`${path} is a file for secrets`])

  const harmless = [
    `"integrity": "sha512-${randomBytes(64).toString('base64')}"`,
    `postgresql://user:password@host:5432/database`,
    ['postgresql://', '{user}:', '{encodeURIComponent(password)}@', '{host}'].join('$'),
    'a task-oriented-and-mask-positioned-thing, rh_..., ghp_..., Bearer eyJ...',
    '-----BEGIN PUBLIC KEY-----',
  ].join('\n')
  for (const path of ['.env.example', 'server/src/accounts/keys.ts'])
    assert.deepEqual(findSecrets(path, harmless), [])
})

test('the product works when npm ci ran no install script at all', async t => {
  const folder = await temporaryFolder(t)
  await promisify(execFile)(process.execPath, ['scripts/setup.mjs'], { cwd: root })
  for (const folderOfOurs of folders) mkdirSync(join(folder, folderOfOurs))
  const parts = ['bin', 'dist', 'migrations', 'sample', 'public'].map(part => `server/${part}`)
  for (const path of [
    ...['package.json', 'package-lock.json', '.npmrc', 'sdk/dist', ...parts],
    ...folders.map(name => `${name}/package.json`),
  ])
    cpSync(join(root, path), join(folder, path), { recursive: true })

  try {
    await npm(['ci', '--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], folder)
  } catch (error) {
    if (!unreachable.test(String(error))) throw error
    return t.skip('npm cannot reach a registry')
  }
  const server = await startServer(t, {
    from: [process.execPath, join(folder, 'server/bin/roundhouse.js')],
    cwd: folder,
  })
  const { body: digits } = await server.call('GET', '/api/v1/models/by-name/digits/latest')
  const reply = await server.predict(String(digits.id), { pixels: [sample.exampleInput] })
  assert.deepEqual((reply.body.output_data as { digit: number[] }).digit, [sample.exampleDigit])
  await server.stop()
})

/** `npm` of the PATH, on the pinned Node. Its failure carries what it wrote. */
function npm(args: string[], cwd: string): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  return promisify(execFile)('npm', args, { cwd, env, maxBuffer: 16 * 1024 * 1024 })
}

/** Without our own, which come from the workspace, and without peers, whose version is the user's choice. */
function directDependencies({
  dependencies,
  devDependencies,
  optionalDependencies,
}: Manifest): [name: string, version: string][] {
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
  return Object.entries(all).filter(([name]) => !ourNames.includes(name))
}

function isInstalled(path: string): boolean {
  return path.includes('node_modules/')
}

function nameOf([path]: [string, Entry]): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Content
}
