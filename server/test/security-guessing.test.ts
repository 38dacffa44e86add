import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createPasswords } from '../src/accounts/sign-in/password.ts'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { accountsDatabase, program, signInRoom } from '../src/testing/sign-in.ts'
import { until } from '../src/testing/until.ts'

const password = 'correct horse battery staple'
const known = 'known@example.com'
/** Nobody; an account with a password; one that signs in with GitHub only; one of another issuer; one that is suspended. */
const addresses = {
  unknown: 'nobody@example.com',
  wrong: known,
  github: 'github@example.com',
  foreign: 'foreign@example.com',
  banned: 'banned@example.com',
}

async function addPeople<Tables>(system: Kysely<Tables>): Promise<void> {
  await sql`
    with ids as (insert into users (id, name, email) values (gen_random_uuid(), 'g', ${addresses.github}) returning id)
    insert into identities (id, user_id, provider_id, account_id) select gen_random_uuid(), id, 'github', '7' from ids`.execute(
    system,
  )
  await sql`
    insert into users (id, name, contact_email, issuer)
    values (gen_random_uuid(), 'f', ${addresses.foreign}, 'https://issuer.example.com')`.execute(system)
}

function post(house: TestHouse, path: string, body: unknown, headers: Record<string, string> = {}) {
  return house.anonymous(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

const guess = (
  house: TestHouse,
  given: { email?: string; password?: string },
  headers?: Record<string, string>,
) => post(house, '/api/auth/sign-in/email', { email: known, password: 'a wrong password', ...given }, headers)

const minuteOfClock = () => Math.floor(Date.now() / 60_000)

/** Runs within one minute of the clock, by which tries are counted: in a fresh one when it ended on the way. */
async function withinOneMinute(run: () => Promise<void>): Promise<void> {
  for (;;) {
    const startedIn = minuteOfClock()
    try {
      await run()
      return
    } catch (error) {
      const endedIn = minuteOfClock()
      if (endedIn === startedIn) throw error
      // What was tried since it began counts.
      await until(() => minuteOfClock() > endedIn, 'the next minute begins', 61_000)
    }
  }
}

async function signUp(house: TestHouse, email: string): Promise<string> {
  const reply = await post(house, '/api/auth/sign-up/email', { email, password, name: 'Someone' })
  const text = await reply.text()
  assert.equal(reply.status, 200, text)
  return (JSON.parse(text) as { token: string }).token
}

test('a refused sign-in reads the same whether the address is unknown, has another password, none, or is suspended', async t => {
  const house = await testHouse(t)
  await signUp(house, known)
  await signUp(house, addresses.banned)
  await addPeople(house.ground.database.system)
  await sql`update users set banned_at = now() where email = ${addresses.banned}`.execute(
    house.ground.database.system,
  )
  const seen = new Set<string>()
  for (const email of Object.values(addresses)) {
    const reply = await guess(house, { email })
    const { request_id: _id, ...body } = (await reply.json()) as Record<string, unknown>
    const headers = [...reply.headers.keys()].filter(name => name !== 'date').sort()
    seen.add(
      JSON.stringify({ status: reply.status, body, headers, length: reply.headers.get('content-length') }),
    )
    assert.deepEqual([reply.status, body.code], [401, 'invalid-credentials'], email)
  }
  assert.equal(seen.size, 1, [...seen].join('\n'))
})

test('a refused sign-in costs the same work whether the address is unknown, has another password, or none', async t => {
  const database = await accountsDatabase(t)
  const room = signInRoom(database, { passwords: createPasswords() })
  await room.signUp({ email: known, password, name: 'K' }, program)
  await addPeople(database.system)
  // Work of this process on all its threads, which other processes do not add to, as they do to the time that passes.
  const work: Record<'unknown' | 'wrong' | 'github', number[]> = { unknown: [], wrong: [], github: [] }
  const names = ['unknown', 'wrong', 'github'] as const
  for (let round = -1; round < 11; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + 1 + turn) % names.length] ?? 'unknown'
      const before = process.cpuUsage()
      const tried = room.withPassword({ email: addresses[name], password: 'a wrong password' }, program)
      await assert.rejects(tried, { code: 'invalid-credentials' })
      const { user, system } = process.cpuUsage(before)
      // The first round warms up.
      if (round >= 0) work[name].push(user + system)
    }
  const medians = names.map(name => median(work[name]))
  const spread = Math.max(...medians) / Math.min(...medians)
  assert(spread < 1.15, `medians of ${names.join(', ')} in us: ${medians.join(', ')}`)
})

test('of 1,000 guesses of a password in a minute 10 are looked at, and then the right one is refused too until the minute is over', async t => {
  const house = await testHouse(t)
  await signUp(house, known)
  const startedIn = minuteOfClock()
  let lookedAt = 0
  for (let batch = 0; batch < 50; batch++) {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => guess(house, { password: `guess ${batch} ${index}` })),
    )
    for (const reply of replies) {
      await reply.arrayBuffer()
      assert([401, 429].includes(reply.status), String(reply.status))
      if (reply.status === 401) lookedAt += 1
      else assert(Number(reply.headers.get('retry-after')) >= 1)
    }
  }
  assert(lookedAt >= 1 && lookedAt <= 10 * (minuteOfClock() - startedIn + 1), `${lookedAt} were looked at`)
  await withinOneMinute(async () => {
    for (let tries = 0; (await guess(house, {})).status !== 429; tries++) assert(tries < 10)
    const right = await guess(house, { password })
    const retryAfterSeconds = Number(right.headers.get('retry-after'))
    assert.equal(right.status, 429)
    assert(retryAfterSeconds >= 1 && retryAfterSeconds <= 60)
    assert.equal(((await right.json()) as { code: string }).code, 'rate-limited')
  })
})

for (const { what, path, body } of [
  {
    what: 'signing up',
    path: '/api/auth/sign-up/email',
    body: (time: number) => ({ email: `x${time}@example.com`, password, name: 'X' }),
  },
  {
    what: 'the link of the first administrator',
    path: '/api/v1/setup',
    body: (time: number) => ({ email: 'x@example.com', password, name: 'X', token: `guess ${time}` }),
  },
])
  test(`${what} can be tried 30 times a minute from one address`, async t => {
    const house = await testHouse(t, { SIGN_UP: 'invitation' })
    await withinOneMinute(async () => {
      let admitted = 0
      for (let time = 0; time < 100; time++) {
        const reply = await post(house, path, body(time))
        assert([403, 429].includes(reply.status), await reply.text())
        if (reply.status === 403) admitted += 1
        else assert(Number(reply.headers.get('retry-after')) >= 1)
      }
      assert.equal(admitted, 30)
    })
  })

test('of 1,000 guesses of an API key 60 are looked at, and no other credential of that address that is not in use', async t => {
  const house = await testHouse(t)
  const inUse = await house.user()
  const unused = await house.user()
  assert.equal((await inUse.fetch('/api/v1/me')).status, 200)
  await withinOneMinute(async () => {
    const statuses = new Map<number, number>()
    for (let time = 0; time < 1000; time++) {
      const headers: Record<string, string> =
        time % 2 === 0 ? { authorization: `Bearer rh_${time}` } : { 'x-api-key': `guess-${time}` }
      const reply = await house.anonymous('/api/v1/me', { headers })
      await reply.arrayBuffer()
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1)
      if (reply.status === 429) assert(Number(reply.headers.get('retry-after')) >= 1)
    }
    assert.deepEqual(Object.fromEntries(statuses), { 401: 60, 429: 940 })
    assert.equal((await unused.fetch('/api/v1/me')).status, 429)
    assert.equal((await inUse.fetch('/api/v1/me')).status, 200)
  })
})

/** Other names for the same caller, as far as a client may choose them. */
function disguise(time: number): Record<string, string> {
  const address = `198.51.${Math.floor(time / 250)}.${1 + (time % 250)}`
  return {
    'x-forwarded-for': time % 2 === 0 ? address : `${address}, 10.0.0.1, 127.0.0.1`,
    'x-real-ip': address,
    forwarded: `for=${address}`,
    'cf-connecting-ip': address,
    'true-client-ip': address,
    'x-client-ip': address,
    'x-envoy-external-address': address,
    'user-agent': `browser ${time}`,
  }
}

test('no header, spelling, slash or method gives a stranger more tries than one address has', async t => {
  // A proxy is trusted, but nobody of these comes through it.
  for (const env of [{}, { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1' }]) {
    const house = await testHouse(t, env)
    const paths = ['/api/auth/sign-in/email', '/api/auth/sign-in/email/', '/api/auth/sign-in/email?x=1']
    const spellings = [known, known.toUpperCase(), ` ${known}`, `${known} `, 'KnOwN@example.com']
    const startedIn = minuteOfClock()
    let lookedAt = 0
    for (let time = 0; time < 60; time++) {
      const given = { email: spellings[time % spellings.length], password: 'wrong wrong' }
      const reply = await post(house, paths[time % paths.length] ?? '', given, disguise(time))
      await reply.arrayBuffer()
      if (reply.status !== 429) lookedAt += 1
    }
    assert(lookedAt <= 10 * (minuteOfClock() - startedIn + 1), `${lookedAt} were looked at`)

    const { id } = await house.pushed('public', mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }), {
      visibility: 'public',
    })
    const asks = [`/api/v1/models/${id}`, `/api/v1/models/${id}/`, '/v2/models/public', '/v2/models/public/']
    await withinOneMinute(async () => {
      let served = 0
      for (let time = 0; time < 150; time++) {
        const method = time % 3 === 0 ? 'HEAD' : 'GET'
        const reply = await house.anonymous(asks[time % asks.length] ?? '', {
          method,
          headers: disguise(time),
        })
        await reply.arrayBuffer()
        if (reply.status === 200) served += 1
        else assert.equal(reply.status, 429)
      }
      assert.equal(served, 60)
    })
    for (const path of [`/API/v1/models/${id}`, `//api/v1/models/${id}`, '/V2/models/public'])
      assert.equal((await house.anonymous(path)).status, 404, path)
    await house.close()
  }
})

test('no header, spelling, slash, method or further key gives a user more requests than their plan has', async t => {
  const house = await testHouse(t)
  const user = await house.user({ plan: 'free' })
  const { key } = await house.house.keys.createFor(user.id, { name: 'second', scopes: ['read'] })
  await sql`update plans set requests_per_minute = 7 where name = 'free'`.execute(
    house.ground.database.system,
  )
  await withinOneMinute(async () => {
    let served = 0
    for (let time = 0; time < 40; time++) {
      const path = ['/api/v1/me', '/api/v1/me/', '/api/v1/keys', '/api/v1/models?limit=1'][time % 4] ?? ''
      const headers = { ...disguise(time), authorization: `Bearer ${time % 2 === 0 ? user.key : key}` }
      const reply = await house.anonymous(path, { method: time % 5 === 0 ? 'HEAD' : 'GET', headers })
      await reply.arrayBuffer()
      if (reply.status === 200) served += 1
      else assert.equal(reply.status, 429)
    }
    assert.equal(served, 7)
  })
})

test('through a trusted proxy each client has tries of its own, and what it adds to the header itself changes nothing', async t => {
  const house = await testHouse(t, { TRUSTED_PROXIES: 'loopback' })
  const { id } = await house.pushed('public', mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }), {
    visibility: 'public',
  })
  const served = async (forwardedFor: (time: number) => string) => {
    let count = 0
    for (let time = 0; time < 80; time++) {
      const headers = { ...disguise(time), 'x-forwarded-for': forwardedFor(time) }
      const reply = await house.anonymous(`/api/v1/models/${id}`, { headers })
      await reply.arrayBuffer()
      if (reply.status === 200) count += 1
    }
    return count
  }
  await withinOneMinute(async () => {
    assert.equal(await served(() => '203.0.113.7'), 60)
    assert.equal(await served(time => `198.51.100.${time}, 203.0.113.8`), 60)
    assert.equal(await served(time => `127.0.0.1, ::1, 198.51.100.${time}, 203.0.113.9`), 60)
    assert.equal(
      await served(time => `2001:db8:0:1::${time.toString(16)}`),
      60,
      'one network of one customer',
    )
    assert.equal(await served(time => `203.0.113.${100 + time}`), 80)
  })
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
