import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const deadlineMs = 30_000

test('five processes that want one lock work one after the other, each once', async t => {
  const folder = await freshFolder(t)
  const work = `
    const { appendFileSync } = await import('node:fs')
    const log = ${JSON.stringify(join(folder, 'log'))}
    appendFileSync(log, 'in\\n')
    await new Promise(resolve => setTimeout(resolve, 100))
    appendFileSync(log, 'out\\n')
  `
  const children = Array.from({ length: 5 }, () => underLock(t, folder, work))
  const codes = await Promise.all(children.map(child => once(child, 'exit')))
  assert.deepEqual(
    codes.map(([code]) => code),
    [0, 0, 0, 0, 0],
  )
  assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'in\nout\n'.repeat(5))
  assert.deepEqual(await readdir(folder), ['log'])
})

test('a lock whose owner failed is free again, and the failure is told', async t => {
  const folder = await freshFolder(t)
  const [code] = await once(underLock(t, folder, `throw new Error('broken')`), 'exit')
  assert.equal(code, 1)
  assert.deepEqual(await readdir(folder), [])
})

test('a lock whose owner was killed is taken over', async t => {
  const folder = await freshFolder(t)
  const killed = underLock(t, folder, `setInterval(() => {}, 1000); await new Promise(() => {})`)
  await until(() => existsSync(join(folder, 'lock')))
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  await age(folder)
  const [code] = await once(underLock(t, folder, ''), 'exit')
  assert.equal(code, 0)
  assert.deepEqual(await readdir(folder), [])
})

test('a lock is kept for what its killed owner had started, until that ends too', async t => {
  const folder = await freshFolder(t)
  const idle = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'])
  t.after(() => void idle.kill('SIGKILL'))
  const killed = underLock(
    t,
    folder,
    `alsoRunning(${idle.pid}); setInterval(() => {}, 1000); await new Promise(() => {})`,
  )
  await until(async () => {
    const owner = await readFile(join(folder, 'lock', 'owner'), 'utf8').catch(() => '')
    return owner.includes(String(idle.pid))
  })
  killed.kill('SIGKILL')
  await once(killed, 'exit')

  await age(folder)
  const next = underLock(t, folder, '')
  const exited = once(next, 'exit')
  assert.ok(next.stdout)
  // It says so after its first look at the lock, and never when it takes it over.
  assert.equal(String(await Promise.race([once(next.stdout, 'data'), exited])), 'waiting')
  idle.kill('SIGKILL')
  assert.deepEqual(await exited, [0, null])
})

type Context = { after(callback: () => unknown): void }

async function freshFolder(t: Context): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function underLock(t: Context, folder: string, work: string): ChildProcess {
  const program = `
    import { withLock } from ${JSON.stringify(new URL('./lock.mjs', import.meta.url).href)}
    await withLock(${JSON.stringify(join(folder, 'lock'))}, () => process.stdout.write('waiting'), async alsoRunning => { ${work} })
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => void child.kill('SIGKILL'))
  return child
}

/** As if the last heartbeat lay half a minute back. */
async function age(folder: string): Promise<void> {
  const then = new Date(Date.now() - 30_000)
  await utimes(join(folder, 'lock', 'owner'), then, then)
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `the condition did not come true within ${deadlineMs} ms`)
    await sleep(20)
  }
}
