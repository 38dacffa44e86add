import type { Role } from '../contract/account.ts'
import {
  type ListUsers,
  type Revoked,
  revoked,
  type UpdateUser,
  type User,
  type UserList,
  user,
  userList,
} from '../contract/admin.ts'
import {
  type CreditAccount,
  type CreditBalance,
  type CreditEntry,
  type CreditEntryList,
  creditAccount,
  creditBalance,
  creditEntryList,
  type GrantCredits,
} from '../contract/credit.ts'
import type { ListCreditEntriesOptions } from './credits.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

/** `search`: part of a name or e-mail address, or an id. */
export type ListUsersOptions = CallOptions & Omit<ListUsers, 'limit'> & { limit?: number }

/** Users, for administrators. */
export type AdminUsersClient = {
  /** Newest first. */
  list(options?: ListUsersOptions): Promise<UserList>
  /** Every user, page after page. */
  iterate(options?: ListUsersOptions): AsyncGenerator<User, void>
  get(id: string, options?: CallOptions): Promise<User>
  update(id: string, change: UpdateUser, options?: CallOptions): Promise<User>
  /** Replaces the roles; everyone stays a member. */
  setRoles(id: string, roles: readonly Role[], options?: CallOptions): Promise<User>
  /** Ends every session and key of the user. */
  revoke(id: string, options?: CallOptions): Promise<Revoked>
  /** A negative amount takes back. @throws Problem `conflict` for more than is neither spent nor held. */
  grantCredits(id: string, grant: GrantCredits, options?: CallOptions): Promise<CreditBalance>
  credits: {
    /** Balance, what is held of it for work under way, and the newest lines of the ledger. */
    get(id: string, options?: CallOptions): Promise<CreditAccount>
    /** The ledger, newest first. */
    list(id: string, options?: ListCreditEntriesOptions): Promise<CreditEntryList>
    iterate(id: string, options?: ListCreditEntriesOptions): AsyncGenerator<CreditEntry, void>
  }
}

export function createAdminUsersClient(send: Send): AdminUsersClient {
  const list: AdminUsersClient['list'] = async ({
    limit,
    cursor,
    search,
    role,
    plan,
    status,
    ...options
  } = {}) => {
    const query = { limit, cursor, search, role, plan, status }
    return readReply(userList, await send({ method: 'GET', path: '/api/v1/admin/users', query }, options))
  }
  return {
    list,
    iterate: (options = {}) => iteratePages(list, options),
    async get(id, options) {
      return readReply(user, await send({ method: 'GET', path: path`/api/v1/admin/users/${id}` }, options))
    },
    async update(id, change, options) {
      const call = jsonCall('PATCH', path`/api/v1/admin/users/${id}`, JSON.stringify(change))
      return readReply(user, await send(call, options))
    },
    async setRoles(id, roles, options) {
      const call = jsonCall('PUT', path`/api/v1/admin/users/${id}/roles`, JSON.stringify({ roles }))
      return readReply(user, await send(call, options))
    },
    async revoke(id, options) {
      const call = jsonCall('POST', path`/api/v1/admin/users/${id}/revoke`, '{}')
      return readReply(revoked, await send(call, options))
    },
    async grantCredits(id, grant, options) {
      const call = jsonCall('POST', path`/api/v1/admin/users/${id}/credits`, JSON.stringify(grant))
      return readReply(creditBalance, await send({ ...call, creates: true }, options))
    },
    credits: createLedgerClient(send),
  }
}

function createLedgerClient(send: Send): AdminUsersClient['credits'] {
  const list = async (id: string, { limit, cursor, ...options }: ListCreditEntriesOptions = {}) => {
    const to = path`/api/v1/admin/users/${id}/credits/entries`
    return readReply(
      creditEntryList,
      await send({ method: 'GET', path: to, query: { limit, cursor } }, options),
    )
  }
  return {
    async get(id, options) {
      const call = { method: 'GET', path: path`/api/v1/admin/users/${id}/credits` } as const
      return readReply(creditAccount, await send(call, options))
    },
    list,
    iterate: (id, options = {}) => iteratePages(page => list(id, page), options),
  }
}
