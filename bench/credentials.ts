import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createClient } from '@roundhouse/sdk'
import { claimsOf, forge, hmac } from '../server/src/testing/tokens.ts'
import type { Bench } from './bench.ts'
import { measureCells, type Target } from './cells.ts'
import { inferForm } from './forms.ts'
import type { Generator } from './generator.ts'
import { type Credentials, credentialNames } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'
import { mlpWorkload } from './workloads.ts'

/**
 * Ratios near 1: many short rounds, so that what else the machine does falls on all alike. Of 3 rounds of 1.5 s beside
 * other work the ratios spread from 0.74 to 1.3 (2026-11).
 */
const shortRounds = { rounds: 15, warmUpMs: 200, windowMs: 500 }

/** The same request with each kind of credential, by callers whose plan counts every request, on one server. */
export async function measureCredentials(bench: Bench, generator: Generator): Promise<Credentials> {
  const mlp = await mlpWorkload(bench)
  const secret = 'a-shared-secret-of-the-bench-with-32-characters'
  // Legacy mode: nothing is fetched from there.
  const supabase = 'http://127.0.0.1:9'
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'credentials'), {
    SUPABASE_URL: supabase,
    SUPABASE_JWT_SECRET: secret,
  })
  started.defer(house.stop)
  await house.push(mlp.path, mlp.name)
  const [model] = (await house.client.models.list({ name: mlp.name })).data
  await house.client.models.update(model?.id ?? '', { visibility: 'users' })
  // A limit that is counted and never reached.
  await house.client.admin.plans.update('free', {
    requests_per_minute: 1_000_000_000,
    requests_per_hour: 1_000_000_000,
  })

  const baseUrl = `http://127.0.0.1:${house.port}`
  const account = { email: 'bench@example.com', password: randomUUID(), name: 'Bench' }
  const { token: session } = await createClient({ baseUrl }).auth.signUp(account)
  const { key } = await createClient({ baseUrl, token: session }).keys.create({ name: 'bench' })
  const claims = { ...claimsOf(`${supabase}/auth/v1`), sub: randomUUID() }
  const token = forge({ alg: 'HS256', typ: 'JWT' }, claims, hmac(secret))

  const target = (server: string, credential: string): Target => ({
    server,
    ...house,
    workload: mlp,
    form: inferForm(mlp, credential, { binary: false }),
  })
  const targets = [
    target(credentialNames.service, house.key),
    target(credentialNames.apiKey, key),
    target(credentialNames.token, token),
    target(credentialNames.session, session),
  ]
  const rounds = bench.quick ? bench : { ...bench, ...shortRounds }
  return { cells: await measureCells(rounds, generator, targets, [64]) }
}
