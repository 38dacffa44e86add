import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serve } from '../testing/serve.ts'
import { createClient } from './client.ts'

const user = {
  id: '0199a6e0-0000-7000-8000-000000000001',
  email: 'ada@example.com',
  name: 'Ada',
  image: null,
}
const signedIn = { token: 't-1', user }

/** A server that gives the replies (status and body) in turn and notes what it was asked, with the credential. */
async function connect(t: TestContext, ...replies: [number, unknown][]) {
  const asked: string[] = []
  const types = new Set<string | undefined>()
  const baseUrl = await serve(t, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const [status, reply] = replies[asked.length] ?? [500, {}]
    const { authorization, 'content-type': type } = request.headers
    if (body) types.add(type)
    asked.push([request.method, request.url, body, authorization].filter(Boolean).join(' '))
    response.writeHead(status, { 'retry-after': '0' }).end(JSON.stringify(reply))
  })
  return { baseUrl, asked, types }
}

test('signs up, in and out, and is told who is signed in', async t => {
  const session = { user, session: { id: user.id, expiresAt: '2026-12-21T12:00:00.000Z' } }
  const { baseUrl, asked, types } = await connect(
    t,
    [200, signedIn],
    [200, { redirect: false, ...signedIn }],
    [200, session],
    [200, { success: true }],
    [200, null],
  )
  const { auth } = createClient({ baseUrl })
  const ada = { email: 'ada@example.com', password: 'correct horse' }
  assert.deepEqual(await auth.signUp({ ...ada, name: 'Ada', invitation: 'i' }), signedIn)
  assert.deepEqual(await auth.signIn(ada), signedIn)
  assert.deepEqual(await auth.session(), session)
  assert.equal(await auth.signOut(), undefined)
  assert.equal(await auth.session(), null)
  assert.deepEqual(asked, [
    'POST /api/auth/sign-up/email {"email":"ada@example.com","password":"correct horse","name":"Ada","invitation":"i"}',
    'POST /api/auth/sign-in/email {"email":"ada@example.com","password":"correct horse"}',
    'GET /api/auth/get-session',
    'POST /api/auth/sign-out {}',
    'GET /api/auth/get-session',
  ])
  assert.deepEqual([...types], ['application/json'])
})

test('says what sign-in accepts, makes the first administrator, and names the page of GitHub', async t => {
  const options = { sign_up: 'closed', github: true, needs_setup: true }
  const away = { url: 'https://github.com/login/oauth/authorize?state=s', redirect: true }
  const { baseUrl, asked } = await connect(t, [200, options], [201, signedIn], [200, away])
  const { auth } = createClient({ baseUrl })
  assert.deepEqual(await auth.options(), options)
  const root = { token: 'link', email: 'ada@example.com', password: 'correct horse', name: 'Ada' }
  assert.deepEqual(await auth.setUp(root), signedIn)
  assert.deepEqual(await auth.signInWithGitHub({ callbackURL: '/home' }), away)
  assert.deepEqual(asked, [
    'GET /api/v1/sign-in-options',
    'POST /api/v1/setup {"token":"link","email":"ada@example.com","password":"correct horse","name":"Ada"}',
    'POST /api/auth/sign-in/social {"provider":"github","callbackURL":"/home"}',
  ])
})

test('a kept token signs the calls from sign-in on, is replaced with the password, and forgotten at sign-out', async t => {
  const { baseUrl, asked } = await connect(
    t,
    [200, signedIn],
    [200, { token: null }],
    [200, { token: 't-2', user }],
    [401, { code: 'unauthenticated', detail: 'No session.' }],
    [200, null],
  )
  let kept: string | undefined
  const { auth } = createClient({
    baseUrl,
    token: () => kept,
    async onToken(token) {
      await new Promise(setImmediate)
      kept = token
    },
  })
  await auth.signIn({ email: 'ada@example.com', password: 'p' })
  assert.equal(kept, 't-1')
  const change = { currentPassword: 'p', newPassword: 'correct horse' }
  await auth.changePassword(change)
  assert.equal(kept, 't-1')
  await auth.changePassword({ ...change, revokeOtherSessions: true })
  assert.equal(kept, 't-2')
  await auth.signOut()
  assert.equal(kept, undefined)
  await auth.session()
  assert.deepEqual(asked, [
    'POST /api/auth/sign-in/email {"email":"ada@example.com","password":"p"}',
    'POST /api/auth/change-password {"currentPassword":"p","newPassword":"correct horse"} Bearer t-1',
    'POST /api/auth/change-password {"currentPassword":"p","newPassword":"correct horse","revokeOtherSessions":true} Bearer t-1',
    'POST /api/auth/sign-out {} Bearer t-2',
    'GET /api/auth/get-session',
  ])
})

test('a refused sign-in is told at once and not tried again, so that it costs one guess', async t => {
  const wrong = { code: 'invalid-credentials', detail: 'E-mail address or password is wrong.' }
  const often = { code: 'rate-limited', detail: 'Too many tries.' }
  const { baseUrl, asked } = await connect(t, [401, wrong], [429, often])
  const kept: unknown[] = []
  const { auth } = createClient({ baseUrl, onToken: token => void kept.push(token) })
  const signIn = () => auth.signIn({ email: 'ada@example.com', password: 'p' })
  await assert.rejects(signIn(), { code: 'invalid-credentials', message: wrong.detail })
  await assert.rejects(signIn(), { code: 'rate-limited', retryAfterSeconds: 0 })
  assert.equal(asked.length, 2)
  assert.deepEqual(kept, [])
})

test('cookies go to another origin only when that was chosen, with uploads too', async t => {
  const { baseUrl } = await connect(t)
  const sent: unknown[] = []
  const note: typeof fetch = async (_url, init) => {
    sent.push(init?.credentials)
    return Response.json(null)
  }
  const across = createClient({ baseUrl, fetch: note, credentials: 'include' })
  await across.auth.session()
  await assert.rejects(across.models.upload('i', new Uint8Array([1])), { name: 'UnexpectedReply' })
  await createClient({ baseUrl, fetch: note }).auth.session()
  assert.deepEqual(sent, ['include', 'include', undefined])
})
