import { type ChatServer, call } from './chat-server.ts'

/**
 * Asks an agent as who is signed in here, by the cookie of the session.
 * @param versionOf Told at each question; absent is what is published.
 */
export function createSessionServer(agentId: string, versionOf?: () => 'draft' | undefined): ChatServer {
  return {
    ask: ({ text, conversation }, signal) =>
      call(`/api/v1/agents/${agentId}/runs`, {
        method: 'POST',
        body: {
          messages: [{ role: 'user', content: text }],
          thread_id: conversation,
          stream: true,
          version: versionOf?.(),
        },
        signal,
      }),
    events: (runId, after, signal) =>
      call(`/api/v1/runs/${runId}/events`, { headers: { 'last-event-id': String(after) }, signal }),
    async cancel(runId) {
      await call(`/api/v1/runs/${runId}/cancel`, { method: 'POST', body: {} })
    },
    async answer(runId, approvalId, approved) {
      await call(`/api/v1/runs/${runId}/approvals/${approvalId}`, { method: 'POST', body: { approved } })
    },
  }
}
