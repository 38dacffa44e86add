import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RoundhouseConfig } from '@roundhouse/sdk/config'
import type { Model, Role, Scope } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { installQueue } from '../adapters/pg-boss/install.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import type { JobHandler } from '../jobs/job.ts'
import { createIds } from '../kit/ids.ts'
import { type Log, silentLog } from '../kit/log.ts'
import { build, type House } from '../start/build.ts'
import { type Ground, type HouseTables, houseKeys, openGround } from '../start/choose.ts'
import { closeDoors } from '../start/close-doors.ts'
import { readConfig } from '../start/config.ts'
import { readDeclared } from '../start/declared-models.ts'
import { appMigrationsFolder } from '../start/declared-tasks.ts'
import { logKeeper } from '../start/log-keeper.ts'
import { migrationsFolder } from '../start/paths.ts'
import { testDatabase } from './test-database.ts'

export const testKey = 'test-service-role-key-of-more-than-32-characters'

export type TestUser = {
  id: string
  email: string
  key: string
  /** Calls with the user's key. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export type TestHouse = {
  url: string
  dataDir: string
  house: House
  ground: Ground
  /** Calls the house over its real socket, with the key unless `headers` has an authorization of its own. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Calls without any credential. */
  anonymous(path: string, init?: RequestInit): Promise<Response>
  /** A new user with an API key that may everything the user may, unless `scopes` says less. */
  user(options?: { role?: Role; scopes?: readonly Scope[]; plan?: string }): Promise<TestUser>
  /** One-call upload. */
  push(name: string, file: Uint8Array, fields?: Record<string, string>): Promise<Response>
  /** One-call upload that must succeed. */
  pushed(name: string, file: Uint8Array, fields?: Record<string, string>): Promise<Model>
  /** Predicts by our own API and gives the parsed reply. */
  predict(
    id: string,
    inputData: unknown,
    more?: Record<string, unknown>,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }>
  close(): Promise<void>
}

/** The whole house on a database and folder of its own, listening on loopback. Closed when the test ends. */
export async function testHouse(
  test: { after(callback: () => Promise<void>): void },
  env: Record<string, string> = {},
  options: {
    log?: Log
    declared?: RoundhouseConfig
    share?: { databaseUrl: string; dataDir: string }
    handlers?: readonly JobHandler<HouseTables>[]
  } = {},
): Promise<TestHouse> {
  /** Done in reverse, however far the start came: what is left open keeps the test file from ending. */
  const steps: (() => Promise<unknown>)[] = []
  let closed: Promise<void> | undefined
  test.after(close)

  const database = options.share ? undefined : await testDatabase()
  if (database) steps.push(database.drop)
  const dataDir = options.share?.dataDir ?? (await mkdtemp(join(tmpdir(), 'house-')))
  if (!options.share) steps.push(() => rm(dataDir, { recursive: true, force: true }))
  const url = options.share?.databaseUrl ?? database?.appUrl ?? ''
  const config = readConfig({
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    ENVIRONMENT: 'test',
    SAMPLE_MODEL: 'false',
    ...env,
  })
  const keeper = logKeeper(config, options.log ?? silentLog)
  const { log } = keeper
  const ground = await openGround(
    config,
    { adminUrl: url, appUrl: url, role: undefined, embedded: undefined },
    log,
  )
  steps.push(ground.close)
  const keys = { ...(await houseKeys(config)), serviceRole: testKey }
  const file = { path: undefined, folder: dataDir, content: options.declared ?? {} }
  const declared = await readDeclared(config, file)
  const appFolder = appMigrationsFolder(file)
  if (database && appFolder !== undefined)
    await migrate({ url: database.adminUrl, folder: migrationsFolder, install: installQueue, appFolder, log })
  const house = await build(config, declared, ground, keys, keeper)
  steps.push(
    house.close,
    () => closeDoors(house, 0),
    () => house.background.worker.stop(0),
  )
  house.background.handlers.push(...(options.handlers ?? []))
  const address = await house.app.listen({ port: 0, host: '127.0.0.1' })
  await house.prepare(new AbortController().signal)
  await house.open()
  if (config.ROLES.includes('worker')) await house.background.worker.start()

  const fetchHouse = (path: string, init?: RequestInit) => fetchAs(testKey, path, init)

  function fetchAs(key: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${key}`)
    return fetch(`${address}${path}`, { ...init, headers })
  }

  async function user({
    role = 'member',
    scopes = ['admin'],
    plan = 'unlimited',
  }: {
    role?: Role
    scopes?: readonly Scope[]
    plan?: string
  } = {}): Promise<TestUser> {
    const id = createIds().uuid()
    const email = `${role}-${id.slice(-12)}@example.com`
    await sql`insert into users (id, name, email, plan) values (${id}, ${role}, ${email}, ${plan})`.execute(
      ground.database.system,
    )
    if (role === 'admin')
      await sql`insert into user_roles (user_id, role) values (${id}, 'admin')`.execute(
        ground.database.system,
      )
    const { key } = await house.keys.createFor(id, { name: 'test', scopes })
    return { id, email, key, fetch: (path, init) => fetchAs(key, path, init) }
  }

  function push(name: string, file: Uint8Array, fields: Record<string, string> = {}): Promise<Response> {
    const form = new FormData()
    form.set('name', name)
    for (const [field, value] of Object.entries(fields)) form.set(field, value)
    form.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
    return fetchHouse('/api/v1/models', { method: 'POST', body: form })
  }

  async function closeAll(): Promise<void> {
    for (const step of steps.reverse()) await step()
  }

  function close(): Promise<void> {
    closed ??= closeAll()
    return closed
  }

  return {
    url: address,
    dataDir,
    house,
    ground,
    fetch: fetchHouse,
    anonymous: (path, init) => fetch(`${address}${path}`, init),
    user,
    push,
    async pushed(name, file, fields) {
      const response = await push(name, file, fields)
      const text = await response.text()
      if (response.status !== 201)
        throw new Error(`The upload of ${name} was answered ${response.status}: ${text}`)
      return JSON.parse(text) as Model
    },
    async predict(id, inputData, more = {}) {
      const response = await fetchHouse(`/api/v1/models/${id}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input_data: inputData, ...more }),
      })
      return {
        status: response.status,
        body: (await response.json()) as Record<string, unknown>,
        headers: response.headers,
      }
    },
    close,
  }
}
