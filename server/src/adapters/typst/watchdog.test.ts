import assert from 'node:assert/strict'
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { until } from '../../testing/until.ts'
import type { TypesetOrder } from './messages.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc, which only Linux has' }
const folder = await temporaryFolder({ after })
const fontsFolder = fileURLToPath(new URL('../../../templates/fonts', import.meta.url))
const endless = '#for a in range(99999) { for b in range(9999) {} }'

test('a server that is killed while a report is set leaves no process behind', onLinux, async () => {
  const envFile = join(folder, 'secrets.env')
  await writeFile(envFile, 'SECRET=of the server\n')
  const script = join(folder, 'server.ts')
  await writeFile(
    script,
    `import { createTypesetter } from ${JSON.stringify(new URL('./typesetter.ts', import.meta.url).href)}
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const options = { log, fontsFolder: ${JSON.stringify(fontsFolder)}, timeoutMs: 60_000, memoryBytes: 1e9 }
    const files = { '/main.typ': Buffer.from(${JSON.stringify(endless)}) }
    createTypesetter(options).pdf(files)`,
  )
  const server = spawn(
    process.execPath,
    ['--conditions=roundhouse-source', `--env-file=${envFile}`, script],
    {
      stdio: 'ignore',
    },
  )
  const { pid = 0 } = server
  let typesetter = 0
  try {
    await until(
      () => {
        typesetter = childOf(pid)
        return typesetter > 0 && cpuTicks(typesetter) > 100
      },
      'the report is being set',
      30_000,
    )
    assert.doesNotMatch(readFileSync(`/proc/${typesetter}/cmdline`, 'utf8'), /env-file|conditions/)
    server.kill('SIGKILL')
    await until(() => !isAlive(typesetter), 'the process of the typesetter ends')
  } finally {
    server.kill('SIGKILL')
    if (typesetter > 0 && isAlive(typesetter)) process.kill(typesetter, 'SIGKILL')
  }
})

test('a report that no server ends is ended by its own process, and an idle one waits for the next', async () => {
  const child = fork(
    fileURLToPath(new URL('./process.ts', import.meta.url)),
    [fontsFolder, `${process.pid}`, '1500'],
    {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
    },
  )
  const send = (source: string) => {
    const order: TypesetOrder = { kind: 'pdf', files: { '/main.typ': Buffer.from(source) } }
    child.send(order)
  }
  try {
    send('One')
    const [first] = await once(child, 'message')
    assert.equal(first.kind, 'pdf')
    const idleSince = performance.now()
    await until(() => performance.now() - idleSince > 2000, 'longer than a report may take')
    send('Two')
    const [second] = await once(child, 'message')
    assert.equal(second.kind, 'pdf')
    send(endless)
    const [, signal] = await once(child, 'exit')
    assert.equal(signal, 'SIGKILL')
  } finally {
    child.kill('SIGKILL')
  }
})

/** 0 when there is none. */
function childOf(parent: number): number {
  for (const name of readdirSync('/proc'))
    if (/^\d+$/.test(name) && Number(statOf(Number(name))[1]) === parent) return Number(name)
  return 0
}

function cpuTicks(pid: number): number {
  return Number(statOf(pid)[11])
}

/** From the state on; one that is only waited for counts as gone. Source: proc_pid_stat(5). */
function isAlive(pid: number): boolean {
  const [state = 'Z'] = statOf(pid)
  return state !== 'Z'
}

function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
