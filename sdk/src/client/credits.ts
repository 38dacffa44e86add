import {
  type CreditAccount,
  type CreditEntry,
  type CreditEntryList,
  creditAccount,
  creditEntryList,
} from '../contract/credit.ts'
import { iteratePages } from './pages.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

export type ListCreditEntriesOptions = CallOptions & { limit?: number; cursor?: string }

/**
 * The caller's own credits. Every call throws what `Send` throws, and UnexpectedReply; Problem `resource-not-found` for
 * a credential of no user.
 */
export type CreditsClient = {
  /** Balance, what is held of it for work under way, and the newest lines of the ledger. */
  get(options?: CallOptions): Promise<CreditAccount>
  entries: {
    /** Newest first. */
    list(options?: ListCreditEntriesOptions): Promise<CreditEntryList>
    /** Every line of the ledger, page after page. */
    iterate(options?: ListCreditEntriesOptions): AsyncGenerator<CreditEntry, void>
  }
}

export function createCreditsClient(send: Send): CreditsClient {
  const list = async ({ limit, cursor, ...options }: ListCreditEntriesOptions = {}) => {
    const call = { method: 'GET', path: '/api/v1/credits/entries', query: { limit, cursor } } as const
    return readReply(creditEntryList, await send(call, options))
  }
  return {
    async get(options) {
      return readReply(creditAccount, await send({ method: 'GET', path: '/api/v1/credits' }, options))
    },
    entries: { list, iterate: (options = {}) => iteratePages(list, options) },
  }
}
