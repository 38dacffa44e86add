import assert from 'node:assert/strict'
import type { BatchResult, Job } from '@roundhouse/sdk/contract'
import { until } from '../src/testing/until.ts'

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

/** Rows of numbers with four decimals, different in each row. */
export function rowOf(index: number, width: number): number[] {
  return Array.from(
    { length: width },
    (_, column) => (((index + 1) * (column + 7) * 7919) % 20_000) / 10_000 - 1,
  )
}

export function csvOf(rows: readonly (readonly unknown[])[], header: readonly string[]): string {
  return [header, ...rows].map(row => `${row.join()}\n`).join('')
}

export async function send(
  fetch: Fetch,
  modelId: string,
  body: string | FormData,
  query = '',
  type = 'text/csv',
): Promise<Job> {
  const headers: Record<string, string> = body instanceof FormData ? {} : { 'content-type': type }
  const response = await fetch(`/api/v1/models/${modelId}/batch${query}`, { method: 'POST', body, headers })
  const text = await response.text()
  assert.equal(response.status, 201, text)
  return JSON.parse(text) as Job
}

export async function jobOf(fetch: Fetch, id: string): Promise<Job> {
  return (await (await fetch(`/api/v1/jobs/${id}`)).json()) as Job
}

/** As it ended. */
export async function ended(fetch: Fetch, id: string, limitMs = 60_000): Promise<Job> {
  let job: Job | undefined
  await until(
    async () => {
      job = await jobOf(fetch, id)
      return job.finished_at !== null
    },
    `the batch ${id} ended`,
    limitMs,
  )
  assert.ok(job)
  return job
}

export async function resultOf(fetch: Fetch, id: string): Promise<BatchResult> {
  const response = await fetch(`/api/v1/jobs/${id}/result`)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text) as BatchResult
}

/** By its link, without a credential; the address is what the house takes for its own. */
export async function textOf(file: { url: string } | null, base: string): Promise<string> {
  assert.ok(file)
  const { pathname, search } = new URL(file.url)
  const response = await fetch(`${base}${pathname}${search}`)
  assert.equal(response.status, 200)
  return response.text()
}
