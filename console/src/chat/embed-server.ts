import type { EmbedConfig } from '@roundhouse/sdk/contract'
import { type Call, type ChatServer, call, Refusal } from './chat-server.ts'
import type { Store } from './store.ts'

type Token = { token: string; expires_at: string }

const renewMs = 86_400_000

/** Asks an agent as a visitor of a page, by an embed key: without cookies, with a token that is good for this page alone. */
export function createEmbedServer(
  host: string,
  key: string,
  store: Store<Token>,
): ChatServer & { config(): Promise<EmbedConfig> } {
  const base = `${host}/api/v1/embed/${encodeURIComponent(key)}`
  let coming: Promise<string> | undefined

  async function renewed(): Promise<string> {
    const before = store.read()
    const headers = before ? { authorization: `Bearer ${before.token}` } : {}
    const reply = await call(`${base}/visitors`, { method: 'POST', headers, credentials: 'omit' })
    const token = (await reply.json()) as Token
    store.write(token)
    return token.token
  }

  /** Long before it expires, so that the visitor stays the same. */
  async function token(): Promise<string> {
    const known = store.read()
    const leftMs = known ? Date.parse(known.expires_at) - Date.now() : 0
    if (known && leftMs > 6 * renewMs) return known.token
    coming ??= renewed().finally(() => {
      coming = undefined
    })
    return coming.catch(error => {
      if (known && leftMs > 0) return known.token
      throw error
    })
  }

  async function send(path: string, options: Call): Promise<Response> {
    const withToken = async () =>
      call(`${base}${path}`, {
        ...options,
        headers: { ...options.headers, authorization: `Bearer ${await token()}` },
        credentials: 'omit',
      })
    try {
      return await withToken()
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error
      store.clear()
      return await withToken()
    }
  }

  return {
    async config() {
      return (await (await call(base, { credentials: 'omit' })).json()) as EmbedConfig
    },
    ask: (question, signal) => send('/runs', { method: 'POST', body: question, signal }),
    events: (runId, after, signal) =>
      send(`/runs/${runId}/events`, { headers: { 'last-event-id': String(after) }, signal }),
    async cancel(runId) {
      await send(`/runs/${runId}/cancel`, { method: 'POST', body: {} })
    },
    async answer(runId, approvalId, approved) {
      await send(`/runs/${runId}/approvals/${approvalId}`, { method: 'POST', body: { approved } })
    },
  }
}
