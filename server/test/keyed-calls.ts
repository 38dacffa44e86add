import pg from 'pg'
import { defer, type Scope } from '../src/testing/defer.ts'

/** A POST of JSON under an idempotency key. */
export function post(key: string, body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  }
}

export const codeOf = async (reply: Response) => ((await reply.json()) as { code: string }).code
export const isReplayed = (reply: Response) => reply.headers.get('idempotency-replayed') === 'true'

/** A connection beside the server. */
export async function openSql(scope: Scope, adminUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
  await client.connect()
  defer(scope, () => client.end())
  return client
}
