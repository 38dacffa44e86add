import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { createClient } from './client.ts'
import { createSessionStore, type SessionState, type SessionStore } from './session-store.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'
const plan = {
  name: 'free',
  requests_per_minute: null,
  requests_per_hour: null,
  concurrent_runs: null,
  starting_credits: 0,
  monthly_credits: 0,
  max_models: 20,
  max_model_bytes: 500_000_000,
  max_file_bytes: 1_000_000_000,
}
const account = {
  id,
  email: null,
  image: null,
  roles: ['member'],
  plan,
  credits: 0,
  scopes: ['read'],
  credential: 'session',
  is_anonymous: false,
  issuer: null,
  created_at: null,
}
const credentials = { email: 'ada@example.com', password: 'p' }

/**
 * A server with one session, of whoever signed in last; e-mail addresses are names. `meStatus` other than 200 is
 * what `me` is answered with; an answer waits for what `hold` gives.
 */
async function serve(t: TestContext) {
  const house = { name: '', asked: 0, meStatus: 200, hold: async () => {} }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const answer = (status: number, reply: unknown) => response.writeHead(status).end(JSON.stringify(reply))
    if (request.url === '/api/auth/sign-out') house.name = ''
    if (request.url?.startsWith('/api/auth/sign-')) {
      house.name = body === '{}' ? '' : JSON.parse(body).email.split('@')[0]
      return answer(200, { token: 't', user: { id, email: 'e', name: house.name } })
    }
    const { name, meStatus } = house
    house.asked++
    await house.hold()
    if (meStatus !== 200) return answer(meStatus, { detail: `Status ${meStatus}.` })
    answer(name ? 200 : 401, name ? { ...account, name } : { code: 'unauthenticated', detail: 'Sign in.' })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  t.after(stop)
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const client = createClient({ baseUrl: `http://127.0.0.1:${address.port}`, maxRetries: 0 })
  return { house, client, stop }
}

/** Subscribes until the test ends; `seen` are the states from then on, short. */
function watch(t: TestContext, store: SessionStore) {
  const seen: string[] = []
  t.after(store.subscribe(() => void seen.push(short(store.getState()))))
  return seen
}

function short({ status, me, error }: SessionState): string {
  return [status, me?.name, error?.message].filter(Boolean).join(': ')
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    assert(performance.now() < deadline, 'It did not come about within 5 s.')
    await new Promise(setImmediate)
  }
}

test('nothing is asked before the first subscriber, who then learns that nobody is signed in', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  assert.equal(short(store.getState()), 'loading')
  const seen = watch(t, store)
  watch(t, store)
  await until(() => seen.length > 0)
  assert.deepEqual(seen, ['signed-out'])
  assert.equal(house.asked, 1)
})

test('signs up, out and in, and knows who it is when each call ends', async t => {
  const { client } = await serve(t)
  const store = createSessionStore(client)
  assert.equal((await store.signUp({ ...credentials, name: 'Ada' })).token, 't')
  assert.equal(short(store.getState()), 'signed-in: ada')
  await store.signOut()
  assert.equal(short(store.getState()), 'signed-out')
  await store.signIn({ ...credentials, email: 'bob@example.com' })
  assert.equal(short(store.getState()), 'signed-in: bob')
  // React renders for ever when each look gives another object.
  assert.equal(store.getState(), store.getState())
})

test('an expired session is signed out, without an error', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  await store.signIn(credentials)
  house.name = ''
  await store.refresh()
  assert.equal(short(store.getState()), 'signed-out')
})

test('a user who may no longer do anything is signed out, with the reason', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  await store.signIn(credentials)
  house.meStatus = 403
  await store.refresh()
  assert.equal(short(store.getState()), 'signed-out: Status 403.')
})

test('a server that cannot answer changes nothing but the error, until it answers again', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  house.meStatus = 503
  await store.refresh()
  assert.equal(short(store.getState()), 'loading: Status 503.')
  house.meStatus = 200
  await store.signIn(credentials)
  house.meStatus = 502
  await store.refresh()
  assert.equal(short(store.getState()), 'signed-in: ada: Status 502.')
  house.meStatus = 200
  await store.refresh()
  assert.equal(short(store.getState()), 'signed-in: ada')
})

test('a lost connection keeps the user signed in', async t => {
  const { client, stop } = await serve(t)
  const store = createSessionStore(client)
  await store.signIn(credentials)
  stop()
  await store.refresh()
  const { status, me, error } = store.getState()
  assert.equal(`${status} ${me?.name} ${error?.name}`, 'signed-in ada ConnectionError')
})

test('a sign-in whose session does not arrive says so', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  house.meStatus = 401
  await assert.rejects(store.signIn(credentials), /the next call came without it\. Does the browser keep/)
  assert.equal(short(store.getState()), 'signed-out')
})

test('another user is never shown as the one before, not even when the server then fails', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  await store.signIn(credentials)
  house.meStatus = 500
  await assert.rejects(store.signIn({ ...credentials, email: 'bob@example.com' }), { message: 'Status 500.' })
  assert.equal(short(store.getState()), 'loading: Status 500.')
})

test('an answer that was on its way during sign-out does not sign in again', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  await store.signIn(credentials)
  const { promise, resolve } = Promise.withResolvers<void>()
  house.hold = () => promise
  const reading = store.refresh()
  await until(() => house.asked === 2)
  await store.signOut()
  resolve()
  await reading
  assert.equal(short(store.getState()), 'signed-out')
})

test('of two readings the newer one decides, and both end with its answer', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  house.hold = () => first.promise
  const older = store.refresh()
  await until(() => house.asked === 1)
  house.hold = () => second.promise
  const newer = store.signIn(credentials)
  await until(() => house.asked === 2)
  first.resolve()
  const olderEnded = older.then(() => short(store.getState()))
  setImmediate(second.resolve)
  assert.equal(await olderEnded, 'signed-in: ada')
  await newer
})

test('tabs follow each other in and out', async t => {
  const { client } = await serve(t)
  const here = createSessionStore(client)
  const there = createSessionStore(client)
  const seen = watch(t, there)
  watch(t, here)
  await until(() => seen.length === 1)
  await here.signIn(credentials)
  await until(() => there.getState().status === 'signed-in')
  await here.signOut()
  await until(() => there.getState().status === 'signed-out')
  assert.deepEqual(seen, ['signed-out', 'signed-in: ada', 'signed-out'])
})

test('a listener that left hears nothing, and who comes later starts a new reading', async t => {
  const { house, client } = await serve(t)
  const store = createSessionStore(client)
  let heard = 0
  const leave = store.subscribe(() => heard++)
  await until(() => heard === 1)
  leave()
  await store.signIn(credentials)
  assert.equal(heard, 1)
  house.name = ''
  const seen = watch(t, store)
  await until(() => seen.length > 0)
  assert.deepEqual(seen, ['signed-out'])
})
