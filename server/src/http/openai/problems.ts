import type { Problem } from '@roundhouse/sdk/contract'

/** A refusal as OpenAI's clients read it. Source: platform.openai.com/docs/guides/error-codes. */
export type OpenAiError = {
  error: { message: string; type: string; param: string | null; code: string }
}

/** Whether the client asks again by itself. Source: `shouldRetry` in client.ts of openai-node. */
export const retryHeader = 'x-should-retry'

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
}

export function openAiBody({ message, status, code }: Problem): OpenAiError {
  const type = types[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  return { error: { message, type, param: code === 'invalid-request' ? paramOf(message) : null, code } }
}

/** The sentences about a field begin with it: `messages.0.role: ...`, which they call `messages[0].role`. */
function paramOf(message: string): string | null {
  const field = /^([a-z_]+(?:\.\w+)*): /.exec(message)?.[1]
  return field?.replace(/\.(\d+)/g, '[$1]') ?? null
}
