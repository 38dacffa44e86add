import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const debianPackage = 'libonnx-testdata'
/** Of the package; another one has other cases. */
const version = '1.12.0'

/** The folder of the cases, installed where that is ours to do; else why there is none. */
export function findBackendCases(): { folder: string } | { missing: string } {
  if (!isOnPath('dpkg-query')) return { missing: `needs the Debian package ${debianPackage}` }
  if (installedVersion() === undefined && process.getuid?.() === 0 && isOnPath('apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', debianPackage]]) {
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: 'ignore' })
    }
  }
  const installed = installedVersion()
  if (installed?.startsWith(`${version}-`)) return { folder: `/usr/share/${debianPackage}/data` }
  return { missing: `needs the Debian package ${debianPackage} ${version}, found ${installed ?? 'none'}` }
}

function installedVersion(): string | undefined {
  const query = spawnSync('dpkg-query', ['--show', '--showformat=${Version}', debianPackage])
  return query.status === 0 ? query.stdout.toString() || undefined : undefined
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
