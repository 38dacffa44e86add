import assert from 'node:assert/strict'
import type { Agent, CreateEmbed, Embed } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import type { TestHouse, TestUser } from '../src/testing/house.ts'

export const site = 'https://www.example.com'

type Ask = {
  origin?: string | null
  token?: string
  body?: unknown
  method?: string
  headers?: Record<string, string>
}

type Told = { seq: number; type: string; run_id?: string; text?: string; output?: string }

async function eventsOf(reply: Response): Promise<Told[]> {
  const text = await reply.text()
  assert.equal(reply.status, 200, text)
  return [...text.matchAll(/^id: (\d+)\ndata: (.*)$/gm)].map(([, seq, data]) => ({
    seq: Number(seq),
    ...(JSON.parse(data ?? '') as Omit<Told, 'seq'>),
  }))
}

/** What a site and its visitors do with embeds of a house. */
export function embedVisits(house: TestHouse) {
  async function agentOf(user: TestUser, more: object = {}): Promise<Agent> {
    const body = { name: 'Guide', model: 'demo/demo', tools: [{ type: 'time' }], ...more }
    const made = (await (await user.fetch('/api/v1/agents', json('POST', body))).json()) as Agent
    const published = await user.fetch(`/api/v1/agents/${made.id}/publish`, { method: 'POST' })
    return (await published.json()) as Agent
  }

  async function embedOf(user: TestUser, agentId: string, fields: CreateEmbed = {}): Promise<Embed> {
    const reply = await user.fetch(
      `/api/v1/agents/${agentId}/embeds`,
      json('POST', { origins: [site], ...fields }),
    )
    const text = await reply.text()
    assert.equal(reply.status, 201, text)
    return JSON.parse(text) as Embed
  }

  /** As a page of the site does. */
  function visit(
    key: string,
    path = '',
    { origin = site, token, body, method, headers }: Ask = {},
  ): Promise<Response> {
    return house.anonymous(`/api/v1/embed/${key}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(origin === null ? {} : { origin }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async function newVisitor(key: string, origin = site): Promise<string> {
    const reply = await visit(key, '/visitors', { origin, method: 'POST' })
    assert.equal(reply.status, 201)
    return ((await reply.json()) as { token: string }).token
  }

  const question = (text = 'Hello', conversation = 'main') => ({ text, conversation })

  async function refusal(reply: Response): Promise<[number, string]> {
    const { code } = (await reply.json()) as { code: string }
    return [reply.status, code]
  }

  return { agentOf, embedOf, visit, newVisitor, question, eventsOf, refusal }
}
