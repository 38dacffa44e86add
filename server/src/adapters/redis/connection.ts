import { createClient } from 'redis'

/** The settings were measured against a frozen, a killed and a restarted Redis with node-redis 6.3.1 (2026-11). */
export function createConnection(url: string) {
  return createClient({
    url,
    // Redis away: an error at once instead of a queue without limit.
    disableOfflineQueue: true,
    // Covers commands that are not sent yet; those that are sent end with the socket.
    commandOptions: { timeout: 500 },
    // Must stay below socketTimeout, or an idle connection is cut every 2 s.
    pingInterval: 1000,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: 1000,
      // Ends a frozen connection. Without a reconnectStrategy of our own it would close the client for good.
      socketTimeout: 2000,
      reconnectStrategy: retries => Math.min(100 * 2 ** retries, 2000) + Math.random() * 100,
    },
  })
}

/** What the promise gives, or undefined after `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timer = Promise.withResolvers<undefined>()
  const timeout = setTimeout(timer.resolve, ms, undefined)
  try {
    return await Promise.race([promise, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}

/** `connect` to a name with two addresses fails with an AggregateError, whose message is empty. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
