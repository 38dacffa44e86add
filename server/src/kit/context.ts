import { AsyncLocalStorage } from 'node:async_hooks'

/** What every log line of one request or job carries. */
export type Context = {
  readonly requestId: string
  userId: string | null
  /** Address of the client; absent in jobs. */
  readonly ip?: string
  /** The caller's `traceparent`, where there is one. */
  readonly traceParent?: string | undefined
  /** How many runs stand above one that is begun here, where another server says so. */
  readonly depth?: number | undefined
}

/** The context of the work in progress; undefined outside a request or job. */
export const context = new AsyncLocalStorage<Context>()
