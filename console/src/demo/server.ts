import type { Model } from '@roundhouse/sdk/contract'
import { readPrediction } from '../predict/values.ts'

/** What the server said no with. */
export type Refusal = Error & { status: number }

export async function findModel(name: string): Promise<Model> {
  const reply = await fetch(`/api/v1/models/by-name/${encodeURIComponent(name)}/latest`)
  if (!reply.ok) throw await refusalOf(reply)
  return await reply.json()
}

export async function isSignedIn(): Promise<boolean> {
  return (await fetch('/api/v1/me')).ok
}

export async function predict(
  id: string,
  { input, isFresh }: { input: string; isFresh: boolean },
): Promise<ReturnType<typeof readPrediction> & { totalMs: number }> {
  const startedAt = performance.now()
  const reply = await fetch(`/api/v1/models/${id}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"input_data":${input},"skip_cache":${isFresh}}`,
  })
  if (!reply.ok) throw await refusalOf(reply)
  const text = await reply.text()
  const totalMs = performance.now() - startedAt
  return { ...readPrediction(text), totalMs }
}

async function refusalOf(reply: Response): Promise<Refusal> {
  const problem = await reply.json().catch(() => null)
  const sentence = problem?.detail ?? `The server answered ${reply.status}.`
  return Object.assign(new Error(sentence), { status: reply.status })
}
