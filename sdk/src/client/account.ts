import {
  type AccountLimits,
  accountLimits,
  type Me,
  me,
  type SessionList,
  sessionList,
} from '../contract/account.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

/** The caller themselves. Every call throws what `Send` throws, and UnexpectedReply. */
export type AccountClient = {
  /** @throws Problem `unauthenticated` when nobody is signed in. */
  me(options?: CallOptions): Promise<Me>
  /** What the server takes at most, and how much of their plan the caller has used. */
  limits(options?: CallOptions): Promise<AccountLimits>
  sessions: {
    /** Everywhere the user is signed in. */
    list(options?: CallOptions): Promise<SessionList>
    /** Signs out there. */
    revoke(id: string, options?: CallOptions): Promise<void>
  }
}

export function createAccountClient(send: Send): AccountClient {
  return {
    async me(options) {
      return readReply(me, await send({ method: 'GET', path: '/api/v1/me' }, options))
    },
    async limits(options) {
      return readReply(accountLimits, await send({ method: 'GET', path: '/api/v1/limits' }, options))
    },
    sessions: {
      async list(options) {
        return readReply(sessionList, await send({ method: 'GET', path: '/api/v1/sessions' }, options))
      },
      async revoke(id, options) {
        await send({ method: 'DELETE', path: path`/api/v1/sessions/${id}` }, options)
      },
    },
  }
}
