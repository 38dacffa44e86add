import type { Caller } from '../../accounts/caller.ts'

/** Who asks: ids of requests are only unique within a client. */
export type Client = { readonly caller: Caller; readonly ip: string; readonly agent: string | undefined }
export type RequestId = string | number

/**
 * Requests that a client may cancel by a notice of its own, as it does before revision 2026-07-28. Such a notice is
 * another request, which may reach another process: then nothing happens, as the protocol allows.
 */
export type Cancellations = {
  /** Aborted when the client cancels the request. Call `end` when it has been answered. */
  begin(client: Client, id: RequestId): { signal: AbortSignal; end(): void }
  cancel(client: Client, id: RequestId): void
}

export function createCancellations(): Cancellations {
  const running = new Map<string, Set<AbortController>>()

  return {
    begin(client, id) {
      const key = keyOf(client, id)
      const controller = new AbortController()
      const same = running.get(key) ?? new Set()
      running.set(key, same.add(controller))
      return {
        signal: controller.signal,
        end() {
          same.delete(controller)
          if (same.size === 0) running.delete(key)
        },
      }
    },
    cancel(client, id) {
      const [first, ...others] = running.get(keyOf(client, id)) ?? []
      // Two clients that cannot be told apart: the wrong one must not lose its answer.
      if (others.length === 0) first?.abort()
    },
  }
}

function keyOf({ caller, ip, agent }: Client, id: RequestId): string {
  return JSON.stringify([caller.role, caller.userId, caller.credential, ip, agent, id])
}
