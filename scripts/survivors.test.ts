import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findSurvivors } from './survivors.ts'

test('a process left by a test run is found by its environment or its folder, and not once it is gone', {
  skip: process.platform !== 'linux' && 'reads /proc, which only Linux has',
}, async t => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rh-')))
  t.after(() => rm(folder, { recursive: true }))
  const marker = `ROUNDHOUSE_SURVIVORS_TEST=${process.pid}`
  const [name = '', value] = marker.split('=')
  const idle = ['--eval', 'setInterval(() => {}, 1000); console.log("up")']
  const byEnvironment = spawn(process.execPath, idle, { env: { [name]: value }, detached: true })
  const byFolder = spawn(process.execPath, idle, { env: {}, cwd: folder, detached: true })
  const stranger = spawn(process.execPath, idle, { env: {}, detached: true })
  const children = [byEnvironment, byFolder, stranger]
  t.after(() => children.forEach(child => void child.kill('SIGKILL')))
  await Promise.all(children.map(child => once(child.stdout, 'data')))

  const found = findSurvivors(marker, folder)
  assert.deepEqual(found.map(({ pid }) => pid).sort(), [byEnvironment.pid, byFolder.pid].sort())
  assert.match(found[0]?.command ?? '', /--eval/)

  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children.map(child => once(child, 'close')))
  assert.deepEqual(findSurvivors(marker, folder), [])
})
