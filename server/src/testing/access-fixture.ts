import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { TestHouse, TestUser } from './house.ts'
import { mlpModel } from './onnx/models.ts'
import { until } from './until.ts'

/** Whose request it is. */
export type Who = 'owner' | 'other' | 'admin' | 'anonymous' | 'wrongScope' | 'adminWrongScope' | 'service'

/** Things of the owner, made anew for each request that may change or remove them. */
export type AccessFixture = {
  house: TestHouse
  owner: TestUser
  other: TestUser
  admin: TestUser
  /** A private model of the owner, ready. */
  modelName: string
  modelId: string
  pendingModel(): Promise<string>
  ownKey(): Promise<string>
  ownSession(): Promise<string>
  invitation(): Promise<string>
  secret(): Promise<string>
  /** A private agent of the owner, with one version that is published. */
  agent(): Promise<string>
  /** A run of the owner that is done. */
  run(): Promise<string>
  /** Name of a provider of language models. */
  provider(): Promise<string>
  /** Id of a user for whom nobody asks here, with a key. */
  guest(): Promise<string>
  /** A bucket with nothing in it, and the name of a new object of the owner in the bucket, `reports` when absent. */
  bucket(): Promise<string>
  file(bucket?: string): Promise<string>
  /** Address of a link that the owner signed, `/storage/v1` and all. */
  signed(address: string, body?: unknown): Promise<string>
  /** A private report of the owner, always the same. */
  report(): Promise<string>
  /** A job of the owner that is done. */
  job(): Promise<string>
  fileLessReport(): Promise<string>
  ask(who: Who, path: string, init?: RequestInit): Promise<Response>
  /** One text that changes when anything stored changes, last uses apart. */
  fingerprint(): Promise<string>
}

const watched = [
  'models',
  'users',
  'user_roles',
  'sessions',
  'identities',
  'invitations',
  'api_keys',
  'secrets',
  'providers',
  'agents',
  'agent_versions',
  'embeds',
  'knowledge_collections',
  'knowledge_documents',
  'runs',
  'run_events',
  'approvals',
  'reports',
  'buckets',
  'objects',
  'resumable_uploads',
  'resumable_pieces',
  'plans',
  'credit_accounts',
  'tasks',
  'jobs',
  'job_steps',
  'credit_entries',
  'credit_holds',
  'prices',
  'audit_entries',
]

export async function accessFixture(house: TestHouse): Promise<AccessFixture> {
  const { system } = house.ground.database
  const owner = await house.user()
  const other = await house.user()
  const admin = await house.user({ role: 'admin' })
  const keyOf = (id: string, scopes: readonly ('files' | 'admin')[]) =>
    house.house.keys.createFor(id, { name: 'scoped', scopes })
  const wrongScope = (await keyOf(owner.id, ['files'])).key
  const adminWrongScope = (await keyOf(admin.id, ['files'])).key
  const modelName = 'private-model'
  const form = new FormData()
  form.set('name', modelName)
  form.set(
    'file',
    new Blob([mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }) as Uint8Array<ArrayBuffer>]),
    'model.onnx',
  )
  const pushed = await owner.fetch('/api/v1/models', { method: 'POST', body: form })
  if (pushed.status !== 201) throw new Error(await pushed.text())
  const { id: modelId } = (await pushed.json()) as { id: string }
  let made = 0
  let report: Promise<string> | undefined
  let run: Promise<string> | undefined

  function workEnded(): Promise<void> {
    return until(async () => {
      const { rows } = await sql`select from jobs where status in ('queued', 'running') limit 1`.execute(
        system,
      )
      return rows.length === 0
    }, 'no job waits or runs')
  }

  const askers: Record<Who, (path: string, init?: RequestInit) => Promise<Response>> = {
    owner: owner.fetch,
    other: other.fetch,
    admin: admin.fetch,
    service: house.fetch,
    anonymous: house.anonymous,
    wrongScope: (path, init) => owner.fetch(path, withKey(init, wrongScope)),
    adminWrongScope: (path, init) => owner.fetch(path, withKey(init, adminWrongScope)),
  }

  const fixture: AccessFixture = {
    house,
    owner,
    other,
    admin,
    modelName,
    modelId,
    async pendingModel() {
      const reply = await owner.fetch('/api/v1/models', json('POST', { name: `pending-${++made}` }))
      return ((await reply.json()) as { id: string }).id
    },
    async ownKey() {
      return (await house.house.keys.createFor(owner.id, { name: 'victim' })).row.id
    },
    async ownSession() {
      const { rows } = await sql<{ id: string }>`
        insert into sessions (id, user_id, token, expires_at)
        values (gen_random_uuid(), ${owner.id}, gen_random_uuid()::text, now() + interval '1 day') returning id`.execute(
        system,
      )
      return rows[0]?.id ?? ''
    },
    async invitation() {
      const reply = await house.fetch(
        '/api/v1/admin/invitations',
        json('POST', { email: `guest-${++made}@example.com` }),
      )
      return ((await reply.json()) as { id: string }).id
    },
    async secret() {
      const name = `secret-${++made}`
      await house.fetch(`/api/v1/admin/secrets/${name}`, json('PUT', { value: 'v' }))
      return name
    },
    async agent() {
      const body = { name: `Agent ${++made}`, model: 'demo/demo' }
      const reply = await owner.fetch('/api/v1/agents', json('POST', body))
      const { id } = (await reply.json()) as { id: string }
      await owner.fetch(`/api/v1/agents/${id}/publish`, { method: 'POST' })
      return id
    },
    async run() {
      run ??= (async () => {
        const body = { messages: [{ role: 'user', content: 'Hello' }] }
        const reply = await owner.fetch(`/api/v1/agents/${await fixture.agent()}/runs`, json('POST', body))
        const { id } = (await reply.json()) as { id: string }
        await until(async () => {
          const now = await owner.fetch(`/api/v1/runs/${id}`)
          return ((await now.json()) as { status: string }).status === 'done'
        }, 'the run is done')
        return id
      })()
      return run
    },
    async provider() {
      const name = `provider-${++made}`
      await house.fetch(`/api/v1/admin/providers/${name}`, json('PUT', { base_url: 'http://127.0.0.1:9/v1' }))
      return name
    },
    async guest() {
      return (await house.user()).id
    },
    async bucket() {
      const name = `bucket-${++made}`
      await house.fetch('/storage/v1/bucket', json('POST', { name }))
      return name
    },
    async file(bucket = 'reports') {
      const name = `${owner.id}/file-${++made}.txt`
      const stored = await owner.fetch(`/storage/v1/object/${bucket}/${name}`, {
        method: 'POST',
        body: 'private',
      })
      if (stored.status !== 200) throw new Error(await stored.text())
      return name
    },
    async signed(address, body) {
      const init = body === undefined ? { method: 'POST' } : json('POST', body)
      const link = (await (await owner.fetch(`/storage/v1${address}`, init)).json()) as Record<string, string>
      return `/storage/v1${link.signedURL ?? link.url}`
    },
    report() {
      report ??= owner
        .fetch(
          '/api/v1/reports',
          json('POST', {
            template: 'conversation-transcript',
            data: { title: 'Private', messages: [{ role: 'user', text: 'Hello' }] },
          }),
        )
        .then(async reply => ((await reply.json()) as { id: string }).id)
      return report
    },
    async job() {
      const body = { model_id: modelId, input_data: { x: [[0.5, 0.5]] } }
      const { id } = (await (await owner.fetch('/api/v1/jobs', json('POST', body))).json()) as { id: string }
      await workEnded()
      return id
    },
    async fileLessReport() {
      const messageId = randomUUID()
      const { rows } = await sql<{ id: string }>`
        insert into reports (
          id, owner_id, message_id, template, version, title, object_name, object_version, pages, size_bytes)
        values (
          gen_random_uuid(), ${owner.id}, ${messageId}, 'forecast-report', 1, 'Gone',
          ${`${owner.id}/${messageId}.pdf`}, gen_random_uuid(), 1, 1)
        returning id`.execute(system)
      return rows[0]?.id ?? ''
    },
    ask: (who, path, init) => askers[who](path, { redirect: 'manual', ...init }),
    async fingerprint() {
      // What callers before have begun goes on behind their answers.
      await workEnded()
      const sums = watched.map(
        table => sql`
          select ${table}::text as name, md5(string_agg((to_jsonb(t) - 'last_used_at')::text, ',' order by t::text)) as sum
          from ${sql.table(table)} t`,
      )
      const { rows } = await sql`${sql.join(sums, sql` union all `)}`.execute(system)
      return JSON.stringify(rows)
    },
  }
  return fixture
}

export function json(method: string, body: unknown): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function withKey(init: RequestInit | undefined, key: string): RequestInit {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${key}`)
  return { ...init, headers }
}
