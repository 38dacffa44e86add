import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createClient } from '@roundhouse/sdk'
import type { Bench } from './bench.ts'
import { measureCells, type Target } from './cells.ts'
import { inferForm } from './forms.ts'
import type { Generator } from './generator.ts'
import { type Credits, creditNames } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'
import { mlpWorkload } from './workloads.ts'

/** The same request of one user to a model with a price and to one without: each paid one is a hold and its settlement. */
export async function measureCredits(bench: Bench, generator: Generator): Promise<Credits> {
  const mlp = await mlpWorkload(bench)
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'credits'))
  started.defer(house.stop)
  const paid = { ...mlp, name: 'mlp-paid' }
  const { models, admin } = house.client
  await models.update(await house.push(mlp.path, mlp.name), { visibility: 'users' })
  await models.update(await house.push(mlp.path, paid.name), { visibility: 'users', price: 1 })
  await admin.plans.update('free', { requests_per_minute: null, requests_per_hour: null })

  const baseUrl = `http://127.0.0.1:${house.port}`
  const account = { email: 'bench@example.com', password: randomUUID(), name: 'Bench' }
  const { token } = await createClient({ baseUrl }).auth.signUp(account)
  const client = createClient({ baseUrl, token })
  const { key } = await client.keys.create({ name: 'bench' })
  await admin.users.grantCredits((await client.me()).id ?? '', { amount: 1_000_000_000, reason: 'bench' })

  const target = (server: string, workload: typeof mlp): Target => ({
    server,
    ...house,
    workload,
    form: inferForm(workload, key, { binary: false }),
  })
  const targets = [target(creditNames.free, mlp), target(creditNames.paid, paid)]
  const cells = await measureCells(bench, generator, targets, [64])
  const { balance, held, ledger } = await client.credits.get()
  bench.say(`credits: balance ${balance}, held ${held}, last line ${ledger[0]?.amount}`)
  return { cells }
}
