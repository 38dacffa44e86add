import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { until } from '../../testing/until.ts'

// Standard output is the log's: each test is a process of its own.
const folder = await temporaryFolder({ after })
let programs = 0

async function start(body: string, level = 'info') {
  programs += 1
  const path = join(folder, `${programs}.mjs`)
  const imports = [
    `import { createPinoLog } from ${JSON.stringify(import.meta.resolve('./pino.ts'))}`,
    `import { context } from ${JSON.stringify(import.meta.resolve('../../kit/context.ts'))}`,
    `const log = createPinoLog({ level: '${level}' })`,
  ]
  await writeFile(path, [...imports, body].join('\n'))
  const child = spawn(process.execPath, ['--conditions=roundhouse-source', path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  return { child, path, text: () => text }
}

/** The lines of a program that ends by itself. */
async function linesOf(body: string, level?: string): Promise<Record<string, unknown>[]> {
  const { child, text } = await start(body, level)
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  return text()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

test('a line is JSON with time, level, event and its fields, and nothing of the machine', async () => {
  const [line, ...others] = await linesOf(
    `log.info('model-load', { model: 'price@3', load_ms: 12 })\nlog.flush()`,
  )
  assert.ok(line)
  assert.equal(others.length, 0)
  const { ts, ...rest } = line
  assert.deepEqual(rest, { level: 'info', event: 'model-load', model: 'price@3', load_ms: 12 })
  assert.match(String(ts), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('lines carry the request and user of their context; what the caller gives wins over it', async () => {
  const lines = await linesOf(`
    context.run({ requestId: 'r1', userId: 'u1' }, () => {
      log.info('inside')
      log.info('given', { request_id: 'r2', user_id: 'u2' })
    })
    log.info('outside')
    log.flush()`)
  assert.deepEqual(
    lines.map(line => [line.event, line.request_id, line.user_id]),
    [
      ['inside', 'r1', 'u1'],
      ['given', 'r2', 'u2'],
      ['outside', undefined, undefined],
    ],
  )
})

test('an error comes with its stack and its cause', async () => {
  const [line] = await linesOf(`
    log.error('request-fail', { err: new Error('outer', { cause: new Error('inner') }) })
    log.flush()`)
  const { err } = line as { err: { message: string; stack: string; cause: { message: string } } }
  assert.equal(err.message, 'outer')
  assert.match(err.stack, /Error: outer\n\s+at /)
  assert.equal(err.cause.message, 'inner')
})

test('what is below the level is not written', async () => {
  const all = `for (const level of ['debug', 'info', 'warn', 'error']) log[level]('a-b')\nlog.flush()`
  const levels = async (level: string) => (await linesOf(all, level)).map(line => line.level)
  assert.deepEqual(await levels('debug'), ['debug', 'info', 'warn', 'error'])
  assert.deepEqual(await levels('warn'), ['warn', 'error'])
})

test('lines come in order, and flush writes all of them before the process ends', async () => {
  const lines = await linesOf(`
    for (let n = 0; n < 5000; n++) log.info('count', { n })
    log.flush()
    process.exit(0)`)
  assert.deepEqual(
    lines.map(line => line.n),
    Array.from({ length: 5000 }, (_, n) => n),
  )
})

test('a single line is written a moment later, also when nothing follows it', async t => {
  const { child, text } = await start(`log.info('server-start')\nprocess.stdin.resume()`)
  t.after(() => void child.kill())
  await until(() => text().includes('server-start'), 'the line is written')
  child.stdin.end()
  await once(child, 'close')
})

test('while the reader stands still some 8 MB wait; the rest is dropped, and counted once it reads again', async t => {
  const { child, path, text } = await start(`
    import { writeFileSync } from 'node:fs'
    process.stdin.resume()
    process.stdin.once('end', () => log.info('after'))
    for (let n = 0; n < 20_000; n++) {
      log.info('count', { n, text: 'a'.repeat(1000) })
      if (n % 100 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    writeFileSync(import.meta.filename + '.logged', '')`)
  t.after(() => void child.kill())
  child.stdout.pause()
  await until(() => existsSync(`${path}.logged`), 'everything is logged')
  child.stdout.resume()
  await until(() => text().includes('log-drop'), 'the gap is told')
  child.stdin.end()
  await once(child, 'close')
  const lines = text()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const numbers = lines.slice(0, -2).map(line => line.n)
  assert.deepEqual(numbers, [...numbers.keys()])
  assert.ok(numbers.length > 7000 && numbers.length < 12_000, `${numbers.length} lines are kept`)
  assert.deepEqual(
    lines.slice(-2).map(line => [line.event, line.dropped]),
    [
      ['log-drop', 20_000 - numbers.length],
      ['after', undefined],
    ],
  )
})

test('the log keeps no process alive, and a reader that went away does not end one', async () => {
  const { child } = await start(`
    process.stdin.resume()
    process.stdin.once('data', () => {
      for (let n = 0; n < 1000; n++) log.info('into-nowhere', { n })
      log.flush()
      setTimeout(() => process.exit(7), 300)
    })`)
  child.stdout.destroy()
  child.stdin.write('go')
  const [code] = await once(child, 'exit')
  assert.equal(code, 7)
})
