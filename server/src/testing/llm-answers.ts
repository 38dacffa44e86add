/** Streams as providers send them: the data of one event each, without `[DONE]`. All say the same. */

/** What the text answers below say, with characters of two, three and four bytes. */
export const saidText = 'Grüße — 日本語 🚂 done.'
const pieces = ['Grüße', ' — ', '日本', '語 ', '🚂', ' done.']
const usage = { prompt_tokens: 12, completion_tokens: 6, total_tokens: 18 }

/** OpenAI: role first, an empty delta at the end, usage in a chunk of its own and null in the others. */
export const openAiText: readonly string[] = (() => {
  const head = {
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion.chunk',
    created: 1763726400,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_560af6e559',
  }
  const chunk = (delta: unknown, finish: string | null = null) =>
    JSON.stringify({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      usage: null,
      obfuscation: 'aX9',
    })
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...pieces.map(content => chunk({ content })),
    chunk({}, 'stop'),
    JSON.stringify({
      ...head,
      choices: [],
      usage: {
        ...usage,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
    }),
  ]
})()

/** vLLM: `choices` null in the chunk with the usage, a delta missing at the end. */
export const vllmText: readonly string[] = (() => {
  const head = {
    id: 'chatcmpl-9f2b1c',
    object: 'chat.completion.chunk',
    created: 1763726400,
    model: 'qwen2.5-7b',
  }
  const chunk = (choice: unknown) => JSON.stringify({ ...head, choices: [choice] })
  return [
    chunk({ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
    ...pieces.map(content =>
      chunk({ index: 0, delta: { content }, logprobs: null, finish_reason: null, stop_reason: null }),
    ),
    chunk({ index: 0, finish_reason: 'stop', stop_reason: null }),
    JSON.stringify({ ...head, choices: null, usage }),
  ]
})()

/** A provider that takes no notice of `include_usage`. */
export const textWithoutUsage: readonly string[] = openAiText.slice(0, -1)

/** Two tool calls, their arguments in fragments that are no JSON by themselves. */
export const toolCallFragments: readonly string[] = (() => {
  const head = {
    id: 'chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG',
    object: 'chat.completion.chunk',
    created: 1763726400,
    model: 'gpt-4o-mini-2024-07-18',
  }
  const chunk = (delta: unknown, finish: string | null = null) =>
    JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }], usage: null })
  const call = (index: number, part: object) => chunk({ tool_calls: [{ index, ...part }] })
  const begin = (index: number, id: string, name: string) =>
    call(index, { id, type: 'function', function: { name, arguments: '' } })
  const more = (index: number, text: string) => call(index, { function: { arguments: text } })
  return [
    chunk({ role: 'assistant', content: null }),
    begin(0, 'call_62136354', 'get_weather'),
    more(0, '{"ci'),
    more(0, 'ty":"Pa'),
    more(0, 'ris"}'),
    begin(1, 'call_62136355', 'get_time'),
    more(1, '{}'),
    chunk({}, 'tool_calls'),
    JSON.stringify({ ...head, choices: [], usage }),
  ]
})()

/** The answer that is not streamed. */
export const openAiCompletion = JSON.stringify({
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1763726400,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: saidText, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage,
})

/** Two vectors, in the other order than they were asked for. */
export const openAiEmbeddings = JSON.stringify({
  object: 'list',
  data: [
    { object: 'embedding', index: 1, embedding: [0.25, -0.5] },
    { object: 'embedding', index: 0, embedding: [0.125, 1] },
  ],
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 8, total_tokens: 8 },
})
