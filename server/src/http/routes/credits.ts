import {
  type CreditAccount,
  type CreditEntry,
  type CreditEntryList,
  creditAccount,
  creditBalance,
  creditEntryList,
  grantCredits,
  type ListCreditEntries,
  listCreditEntries,
  type Prices,
  priceName,
  prices as pricesBody,
  updatePrices,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Account, Entry, PriceName } from '../../credits/store.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { decodeCursor, idParams, numberCursor, pageOf } from '../wire.ts'

/** The caller's own credits; grants and prices for administrators. */
export async function creditRoutes(
  scope: FastifyInstance,
  { credits }: Pick<HttpDependencies, 'credits'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Credits']
  const admin = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/credits',
    {
      schema: {
        tags,
        summary: 'Your balance, what is held of it, and the newest lines of the ledger',
        response: { 200: creditAccount },
      },
    },
    async request => accountBody(await credits.account(callerOf(request))),
  )

  app.get(
    '/api/v1/credits/entries',
    {
      schema: {
        tags,
        summary: 'Your ledger, newest first',
        querystring: listCreditEntries,
        response: { 200: creditEntryList },
      },
    },
    request => readEntries(callerOf(request), request.query),
  )

  app.get(
    '/api/v1/admin/users/:id/credits',
    {
      config: admin,
      schema: {
        tags,
        summary: 'The balance of a user, what is held of it, and the newest lines of their ledger',
        params: idParams,
        response: { 200: creditAccount },
      },
    },
    async request => accountBody(await credits.account(callerOf(request), request.params.id)),
  )

  app.get(
    '/api/v1/admin/users/:id/credits/entries',
    {
      config: admin,
      schema: {
        tags,
        summary: 'The ledger of a user, newest first',
        params: idParams,
        querystring: listCreditEntries,
        response: { 200: creditEntryList },
      },
    },
    request => readEntries(callerOf(request), request.query, request.params.id),
  )

  app.post(
    '/api/v1/admin/users/:id/credits',
    {
      config: admin,
      schema: {
        tags,
        summary: 'Grant credits, or take back what is neither spent nor held',
        params: idParams,
        body: grantCredits,
        response: { 200: creditBalance },
      },
    },
    (request, reply) => {
      const { amount, reason } = request.body
      const within = keepAnswer(request, reply, (account: Account) => account)
      return credits.grant(callerOf(request), request.params.id, amount, reason, within)
    },
  )

  app.get(
    '/api/v1/admin/prices',
    {
      config: admin,
      schema: { tags, summary: 'What work costs beside models', response: { 200: pricesBody } },
    },
    readPrices,
  )

  app.patch(
    '/api/v1/admin/prices',
    {
      config: admin,
      schema: { tags, summary: 'Change prices', body: updatePrices, response: { 200: pricesBody } },
    },
    async request => {
      const change = new Map<PriceName, number>()
      for (const name of priceName.options) {
        const price = request.body[name]
        if (price !== undefined) change.set(name, price)
      }
      await credits.setPrices(callerOf(request), change)
      return readPrices()
    },
  )

  async function readEntries(
    caller: Caller,
    { limit, cursor }: ListCreditEntries,
    userId?: string,
  ): Promise<CreditEntryList> {
    const page = { beforeId: decodeCursor(cursor, numberCursor), limit: limit + 1 }
    const entries = await credits.entries(caller, page, userId)
    return pageOf(entries, limit, entryBody, last => last.id)
  }

  async function readPrices(): Promise<Prices> {
    return pricesBody.parse(Object.fromEntries(await credits.prices()))
  }
}

function accountBody({ balance, held, ledger }: Account & { ledger: Entry[] }): CreditAccount {
  return { balance, held, ledger: ledger.map(entryBody) }
}

function entryBody(entry: Entry): CreditEntry {
  return { ...entry, created_at: entry.created_at.toISOString() }
}
