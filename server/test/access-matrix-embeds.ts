import { randomUUID } from 'node:crypto'
import { type AccessFixture, json } from '../src/testing/access-fixture.ts'
import type { Row } from './access-matrix.ts'

const origin = 'https://www.example.com'
const question = { text: 'Hello', conversation: 'a' }

async function embedOf(f: AccessFixture): Promise<{ id: string; agentId: string; key: string }> {
  const agentId = await f.agent()
  const made = await f.owner.fetch(
    `/api/v1/agents/${agentId}/embeds`,
    json('POST', { origins: [origin], runs_per_minute: 1000 }),
  )
  return { agentId, ...((await made.json()) as { id: string; key: string }) }
}

const owned = (rest: (id: string) => string, init?: RequestInit): Row => ({
  kind: 'owned',
  async call(f) {
    const { agentId, id } = await embedOf(f)
    return { path: `/api/v1/agents/${agentId}/embeds${rest(id)}`, ...(init ? { init } : {}) }
  },
})

type Visit = { path: string; headers: Record<string, string>; run: string }

const visits = new WeakMap<AccessFixture, Promise<Visit>>()

/** One visitor and a run of theirs that is done: nothing below changes them. */
async function visitOf(f: AccessFixture): Promise<Visit> {
  const { key } = await embedOf(f)
  const path = `/api/v1/embed/${key}`
  const made = await f.house.anonymous(`${path}/visitors`, { method: 'POST', headers: { origin } })
  const { token } = (await made.json()) as { token: string }
  const headers = { origin, authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const reply = await f.house.anonymous(`${path}/runs`, {
    method: 'POST',
    headers,
    body: JSON.stringify(question),
  })
  return { path, headers, run: /"run_id":"([^"]+)"/.exec(await reply.text())?.[1] ?? '' }
}

/** As the browser of a visitor asks, whoever it is. */
const visitor = (
  rest: (run: string) => string,
  method: 'GET' | 'POST',
  body?: object,
  except?: Row['except'],
): Row => ({
  kind: 'open',
  async call(f) {
    const visit = visits.get(f) ?? visitOf(f)
    visits.set(f, visit)
    const { path, headers, run } = await visit
    return {
      path: `${path}${rest(run)}`,
      init: { method, headers, ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}) },
    }
  },
  ...(except ? { except } : {}),
})

/** Those whose key takes the place of the visitor's token. */
const keyed = { wrongScope: [401], adminWrongScope: [401] } as const
const denied = { owner: [403], other: [403], admin: [403], service: [403], anonymous: [403] } as const

export const embedMatrix: Readonly<Record<string, Row>> = {
  'GET /api/v1/agents/{id}/embeds': owned(() => ''),
  'POST /api/v1/agents/{id}/embeds': owned(() => '', json('POST', { origins: [origin] })),
  'PATCH /api/v1/agents/{id}/embeds/{embed_id}': owned(id => `/${id}`, json('PATCH', { name: 'Changed' })),
  'DELETE /api/v1/agents/{id}/embeds/{embed_id}': owned(id => `/${id}`, { method: 'DELETE' }),
  'GET /api/v1/agents/by-slug/{slug}': {
    kind: 'owned',
    async call(f) {
      const { slug } = (await (await f.owner.fetch(`/api/v1/agents/${await f.agent()}`)).json()) as {
        slug: string
      }
      return { path: `/api/v1/agents/by-slug/${slug}` }
    },
  },
  'GET /api/v1/embed/{key}': visitor(() => '', 'GET'),
  'POST /api/v1/embed/{key}/visitors': visitor(() => '/visitors', 'POST'),
  'POST /api/v1/embed/{key}/runs': visitor(
    () => '/runs',
    'POST',
    { text: 'Hello', conversation: 'a' },
    keyed,
  ),
  'GET /api/v1/embed/{key}/runs/{id}/events': visitor(run => `/runs/${run}/events`, 'GET', undefined, keyed),
  'POST /api/v1/embed/{key}/runs/{id}/cancel': visitor(
    run => `/runs/${run}/cancel`,
    'POST',
    undefined,
    keyed,
  ),
  // Visitors of this embed answer nothing for themselves.
  'POST /api/v1/embed/{key}/runs/{id}/approvals/{approval_id}': visitor(
    run => `/runs/${run}/approvals/${randomUUID()}`,
    'POST',
    { approved: true },
    { ...denied, ...keyed },
  ),
}
