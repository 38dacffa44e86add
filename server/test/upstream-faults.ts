import type { ProblemCode } from '@roundhouse/sdk/contract'
import { openAiText, toolCallFragments } from '../src/testing/llm-answers.ts'
import type { Script } from '../src/testing/llm-upstream.ts'

/** What a provider does wrong at every call, and what a run of it comes to. */
export type UpstreamFault = {
  readonly script: Script
  readonly code: ProblemCode
  /** The sentence for the caller. */
  readonly says: RegExp
  /** How often it is asked before the run is given up. */
  readonly requests: number
  /** Of each answer, where any came: they are paid. */
  readonly tokens?: number
  /** Of the provider, where they are not the usual ones. */
  readonly limits?: { readonly first_token_timeout_ms: number } | { readonly idle_timeout_ms: number }
}

const refusal = (status: number, error: object): Script => ({ status, body: JSON.stringify({ error }) })
/** Three tokens, each a chunk of its own. */
const begun = openAiText.slice(0, 4)
const tooLong = 'The context has 8192 tokens at most, and this is more.'

export const upstreamFaults: Readonly<Record<string, UpstreamFault>> = {
  'does not know our key': {
    script: refusal(401, { message: 'Incorrect API key provided.' }),
    code: 'provider-unauthorised',
    says: /does not accept our key \(401\)/,
    requests: 1,
  },
  'takes no more calls': {
    script: { ...refusal(429, { message: 'Slow down.' }), headers: { 'retry-after': '0' } },
    code: 'provider-busy',
    says: /takes no more calls now \(429\)/,
    requests: 3,
  },
  fails: {
    script: refusal(500, { message: 'The server had an error.' }),
    code: 'provider-failed',
    says: /failed \(500\): The server had an error\./,
    requests: 3,
  },
  'finds the conversation too long': {
    script: refusal(400, { message: tooLong, code: 'context_length_exceeded', param: 'messages' }),
    code: 'provider-refused',
    says: /refused the request \(400\): The context has 8192 tokens at most/,
    requests: 1,
  },
  'says nothing at all': {
    script: { hang: 'before-head' },
    code: 'provider-timeout',
    says: /sent no first token within 0\.3 s/,
    requests: 1,
    limits: { first_token_timeout_ms: 300 },
  },
  'begins and then says nothing': {
    script: { hang: 'before-chunks' },
    code: 'provider-timeout',
    says: /sent no first token within 0\.3 s/,
    requests: 1,
    limits: { first_token_timeout_ms: 300 },
  },
  'falls silent after some words': {
    script: { chunks: begun, end: 'hang' },
    code: 'provider-timeout',
    says: /sent nothing more for 0\.5 s/,
    requests: 3,
    tokens: 3,
    limits: { idle_timeout_ms: 500 },
  },
  'sends garbage after some words': {
    script: { chunks: [...begun, '{"choices":[{"de', ...openAiText.slice(4)] },
    code: 'provider-failed',
    says: /sent something in its stream that is no chunk/,
    requests: 3,
    tokens: 3,
  },
  'sends a page instead of a stream': {
    script: { body: '<html>502</html>', headers: { 'content-type': 'text/html' } },
    code: 'provider-failed',
    says: /answered with text\/html/,
    requests: 3,
  },
  'breaks off within the arguments of a tool': {
    script: { chunks: toolCallFragments.slice(0, 3), end: 'cut' },
    code: 'provider-failed',
    says: /broke off/,
    requests: 3,
    // 15 characters.
    tokens: 4,
  },
  'ends before its answer is whole': {
    script: { chunks: begun, end: 'quiet' },
    code: 'provider-failed',
    says: /ended its stream before the answer was whole/,
    requests: 3,
    tokens: 3,
  },
  'sends fields of other types than they have': {
    script: {
      chunks: [
        { choices: 'none', usage: 'many' },
        { choices: [7, { index: '0', delta: 'x', finish_reason: 3 }], usage: { prompt_tokens: -1 } },
        { choices: [{ delta: { content: 7, refusal: [], tool_calls: {} } }], usage: [] },
      ].map(chunk => JSON.stringify(chunk)),
    },
    code: 'provider-failed',
    says: /ended its stream before the answer was whole/,
    requests: 3,
  },
}
