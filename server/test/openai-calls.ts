import assert from 'node:assert/strict'
import OpenAI, { APIError } from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import type { TestUser } from '../src/testing/house.ts'

export const question = [{ role: 'user' as const, content: 'How are you?' }]

export async function refusal(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error('It was not refused.')
}

export async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<{
  text: string
  finish: (string | null | undefined)[]
  usages: (OpenAI.CompletionUsage | null | undefined)[]
  ids: Set<string>
}> {
  let text = ''
  const finish: (string | null | undefined)[] = []
  const usages: (OpenAI.CompletionUsage | null | undefined)[] = []
  const ids = new Set<string>()
  for await (const { id, choices, usage } of stream) {
    text += choices[0]?.delta.content ?? ''
    if (choices[0]?.finish_reason) finish.push(choices[0].finish_reason)
    usages.push(usage)
    ids.add(id)
  }
  return { text, finish, usages, ids }
}

/** The official client as it is installed, told nothing but where and who. */
export function clientOf({ url }: { url: string }, { key }: TestUser): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
}

export async function publish(
  owner: TestUser,
  name: string,
  config: Record<string, unknown> = {},
): Promise<string> {
  const made = await owner.fetch(
    '/api/v1/agents',
    json('POST', { name, model: 'demo/demo', visibility: 'users', ...config }),
  )
  const { id } = (await made.json()) as { id: string }
  const published = await owner.fetch(`/api/v1/agents/${id}/publish`, json('POST', {}))
  assert.equal(published.status, 200, await published.text())
  return id
}
