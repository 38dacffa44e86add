import assert from 'node:assert/strict'
import { readdir, stat, utimes } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import { identityModel, loopModel, mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { deployedKeys } from './deployed.ts'
import { isAlive, onLinux, postmasterPid, postmastersOf, until } from './processes.ts'
import { type Server, startServer, uploadForm } from './server.ts'

const withoutSample = { SAMPLE_MODEL: 'false' }
const oneLane = { ...withoutSample, MODEL_LANES: '1' }
const rounds = 3

test(
  'a model whose upload was answered 201 survives kill -9 in that moment, and predicts after the restart',
  onLinux,
  async t => {
    const dataDir = await temporaryFolder(t)
    const kept: Model[] = []
    for (let round = 0; round < rounds; round++) {
      const server = await startServer(t, { dataDir, env: withoutSample })
      for (const model of kept) await checkAnswers(server, model)
      const model = await server.push(
        `round-${round}`,
        mlpModel({ inputs: 4, hidden: 4, outputs: 2, seed: round }),
      )
      await server.kill()
      kept.push(model)
      const running = await postmastersOf(dataDir)
      assert.equal(running.length, 1, 'the database outlives its server, alone')
    }
    const orphan = await postmasterPid(dataDir)
    const last = await startServer(t, { dataDir, env: withoutSample })
    assert.deepEqual(await postmastersOf(dataDir), [orphan], 'it is taken over, not started twice')
    assert.equal(last.log('postgres-adopt').length, 1)
    for (const model of kept) await checkAnswers(last, model)
    const { body } = await last.call('GET', '/api/v1/models')
    assert.equal((body.data as Model[]).length, rounds)
    await last.stop()
    assert.deepEqual(await postmastersOf(dataDir), [])
  },
)

test(
  'kill -9 in the middle of an upload leaves no version and, an hour later, no bytes',
  onLinux,
  async t => {
    const dataDir = await temporaryFolder(t)
    const server = await startServer(t, { dataDir, env: withoutSample })
    const files = join(dataDir, 'files')
    const socket = await beginUpload(server, 'half', 4 * 1024 * 1024)
    t.after(() => socket.destroy())
    const inProgress = async () => (await readdir(join(files, '.tmp'))).map(name => join(files, '.tmp', name))
    await until('the bytes arrive', async () => {
      for (const path of await inProgress()) if ((await stat(path)).size >= 1024 * 1024) return true
      return false
    })
    await server.kill()

    const left = await inProgress()
    assert.equal(left.length, 1)
    assert.deepEqual(
      await readdir(join(files, 'objects')).catch(() => []),
      [],
      'no half of a file under a name',
    )
    const anHourAgo = new Date(Date.now() - 3_700_000)
    for (const path of left) await utimes(path, anHourAgo, anHourAgo)

    const next = await startServer(t, { dataDir, env: withoutSample })
    assert.deepEqual(await inProgress(), [])
    assert.deepEqual((await next.call('GET', '/api/v1/models')).body.data, [])
    const again = await next.push('half', identityModel('FP32', ['N', 2]))
    assert.equal(again.version, '1')
    await next.stop()
  },
)

test('SIGTERM at full load breaks no request, exits 0 and leaves no process', onLinux, async t => {
  // As deployed: readiness goes first, and the listener closes after the load balancer has had time to see it.
  const server = await startServer(t, {
    env: { ENVIRONMENT: 'production', ...deployedKeys, DRAIN_SECONDS: '14' },
  })
  const { body: model } = await server.call('GET', '/api/v1/models/by-name/digits/latest')
  const pixels = [Array.from({ length: 64 }, (_, index) => index % 17)]
  const statuses = new Map<number | string, number>()
  let answered = 0
  let turnedAway = false

  async function client(): Promise<void> {
    while (!turnedAway) {
      const status = await server.predict(String(model.id), { pixels }, { skip_cache: true }).then(
        reply => reply.status,
        error => String(error.cause ?? error),
      )
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      answered += 1
    }
  }
  /** What a load balancer does: it turns away from a server that is not ready, a moment late. */
  async function watch(): Promise<void> {
    await until(
      'readiness goes',
      async () => (await fetch(`${server.url}/api/v1/ready`)).status === 503,
      20_000,
    )
    const seenAt = answered
    await until('it goes on answering for a moment', () => answered > seenAt + 100)
    turnedAway = true
  }

  const clients = Array.from({ length: 50 }, client)
  await until('the load has begun', () => answered > 200)
  const stopped = server.stop()
  await Promise.all([watch(), ...clients])
  const stopMs = await stopped
  assert.deepEqual([...statuses.keys()], [201])
  assert.ok(stopMs >= 5000 && stopMs < 12_000, `${stopMs} ms`)
  assert.ok(!isAlive(server.pid))
  assert.deepEqual(await postmastersOf(server.dataDir), [])
  assert.deepEqual(
    server.log('stop-phase').map(line => [line.phase, line.cut_off]),
    [
      ['jobs', undefined],
      ['grace', undefined],
      ['http', undefined],
      ['models', undefined],
      ['connections', undefined],
      ['postgres', undefined],
    ],
  )
})

test('predictions that run or wait at SIGTERM are answered, and their history is there after the next start', async t => {
  const dataDir = await temporaryFolder(t)
  const env = { ...oneLane, DATABASE_URL: (await testDatabase(t)).adminUrl }
  const server = await startServer(t, { dataDir, env })
  const { model, times } = await loop(server)
  const answers = [0, 1].map(first => server.predict(model.id, { times, x: [first, 0] }))
  await untilOneWaits(server)
  await server.stop()
  const ids = []
  for (const [first, { status, body }] of (await Promise.all(answers)).entries()) {
    assert.equal(status, 201)
    assert.deepEqual(body.output_data, { y: [times + first, times] })
    ids.push(body.id)
  }

  const next = await startServer(t, { dataDir, env })
  const { body: history } = await next.call('GET', `/api/v1/models/${model.id}/predictions`)
  const known = (history.data as { id: string }[]).map(row => row.id)
  for (const id of ids) assert.ok(known.includes(String(id)))
  await next.stop()
})

test('a second SIGTERM ends it at once, and the database with it', onLinux, async t => {
  const server = await startServer(t, { env: oneLane })
  const { model, times } = await loop(server)
  const answers = [0, 1].map(first => server.predict(model.id, { times: times * 20, x: [first, 0] }))
  const outcomes = Promise.allSettled(answers)
  await untilOneWaits(server)
  server.signal('SIGTERM')
  await until('the first signal is heard', () => server.log('server-stopping').length > 0)
  const from = performance.now()
  server.signal('SIGTERM')
  assert.notEqual(await server.exited, 0)
  assert.ok(performance.now() - from < 5000, 'it does not wait for the run, which takes four times that')
  assert.deepEqual(
    (await outcomes).map(outcome => outcome.status),
    ['rejected', 'rejected'],
  )
  await until('the database stops', async () => (await postmastersOf(server.dataDir)).length === 0)
})

/** A model and how often it must loop to take about a second on this machine. */
async function loop(server: Server): Promise<{ model: Model; times: number }> {
  const model = await server.push('loop', loopModel())
  const probe = 20_000
  const { body } = await server.predict(model.id, { times: probe, x: [0, 0] }, { skip_cache: true })
  const ms = Number(body.inference_time_ms)
  return { model, times: Math.round((probe * 1000) / Math.max(ms, 1)) }
}

async function checkAnswers(server: Server, model: Model): Promise<void> {
  const { status, body } = await server.predict(model.id, { x: [[1, 2, 3, 4]] })
  assert.equal(status, 201, JSON.stringify(body))
  const { y } = body.output_data as { y: [[number, number]] }
  assert.ok(Math.abs(y[0][0] + y[0][1] - 1) < 1e-5)
}

/** The head of a multipart upload and `sentBytes` of a file that is announced as twice that. */
async function beginUpload(server: Server, name: string, sentBytes: number) {
  const form = new Response(uploadForm(name, new Uint8Array(2 * sentBytes)))
  const body = new Uint8Array(await form.arrayBuffer())
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `POST /api/v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.key}\r\n` +
      `content-type: ${form.headers.get('content-type')}\r\ncontent-length: ${body.byteLength}\r\n\r\n`,
  )
  socket.write(body.subarray(0, sentBytes))
  return socket
}

/** Two were sent to a model of one lane: while one waits, the other runs. */
async function untilOneWaits(server: Server): Promise<void> {
  await until('one prediction runs and one waits', async () => {
    const text = await (await server.fetch('/metrics')).text()
    return /^roundhouse_model_queue_requests\{.*\} 1$/m.test(text)
  })
}
