import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const listening = `
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
    console.log('got ' + signal)
    setTimeout(() => process.exit(7), 800)
  })
  setInterval(() => {}, 1000)
  console.log('pid ' + process.pid)
`

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`the server gets ${signal} once, also when npm repeats it, and its exit code comes back`, async t => {
    const { wrapper, output, childPid } = await startWrapped(t, listening)
    wrapper.kill(signal)
    wrapper.kill(signal)
    await output.has(`got ${signal}`)
    const [code] = await once(wrapper, 'close')
    assert.equal(code, 7)
    assert.equal(output.text().split('got ').length - 1, 1)
    assert.throws(() => process.kill(childPid, 0), { code: 'ESRCH' })
  })
}

test('a closed terminal stops the server', async t => {
  const { wrapper, output } = await startWrapped(t, listening)
  wrapper.kill('SIGHUP')
  await output.has('got SIGTERM')
  assert.equal((await once(wrapper, 'close'))[0], 7)
})

test('the server stops when the npm that started it is killed', async t => {
  const program = `
    const { spawn } = await import('node:child_process')
    spawn(process.execPath, ['--input-type=module', '--eval', process.argv[1]], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: 'inherit',
    })
  `
  const { wrapper, output } = await startWrapped(t, listening, program)
  wrapper.kill('SIGKILL')
  await output.has('got SIGTERM')
  await once(wrapper, 'close')
})

test('a server that dies of a signal gives the exit code of a shell', async t => {
  const { wrapper } = await startWrapped(
    t,
    `console.log('pid ' + process.pid); process.kill(process.pid, 'SIGKILL')`,
  )
  assert.equal((await once(wrapper, 'close'))[0], 137)
})

/** Runs the program below `runPinned`; with `between` one more process stands in the place of npm. */
async function startWrapped(t: { after(callback: () => void): void }, program: string, between?: string) {
  const wrapping = `
    import { runPinned } from ${JSON.stringify(new URL('./run.mjs', import.meta.url).href)}
    await runPinned(['--eval', ${JSON.stringify(program)}])
  `
  const args = between ? [between, wrapping] : [wrapping]
  const env = { ...process.env, npm_lifecycle_event: '' }
  const wrapper = spawn(process.execPath, ['--input-type=module', '--eval', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  wrapper.stdout.on('data', chunk => {
    text += chunk
  })
  const output = {
    text: () => text,
    async has(part: string) {
      const timeout = AbortSignal.timeout(30_000)
      while (!text.includes(part)) await once(wrapper.stdout, 'data', { signal: timeout })
    },
  }
  await output.has('\n')
  const childPid = Number(/^pid (\d+)/.exec(text)?.[1])
  t.after(() => {
    wrapper.kill('SIGKILL')
    try {
      process.kill(childPid, 'SIGKILL')
    } catch {
      // It is gone already, as it should be.
    }
  })
  return { wrapper, output, childPid }
}
