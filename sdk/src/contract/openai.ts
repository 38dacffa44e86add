import { z } from 'zod'

/** The part of OpenAI's API that we have, as its clients send and read it. Source: platform.openai.com/docs/api-reference. */

const modelName = z
  .string()
  .max(300)
  .regex(/^[\x21-\x7e]+$/, {
    error: 'The name of a model has no blanks and only characters of ASCII.',
  })
const part = z.looseObject({ type: z.string().min(1) })
const content = z.union([z.string(), z.array(part).min(1)], {
  error: 'A text, or a list of parts that each have a type.',
})
const named = z.looseObject({ name: z.string().min(1) })
const toolCall = z.discriminatedUnion('type', [
  z.looseObject({
    id: z.string(),
    type: z.literal('function'),
    function: named.extend({ arguments: z.string() }),
  }),
  z.looseObject({ id: z.string(), type: z.literal('custom'), custom: named.extend({ input: z.string() }) }),
])

/** By role. Agents take texts of `developer`, `system`, `user` and `assistant` only: they call their own tools. */
export const chatMessage = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('developer'), content }),
  z.looseObject({ role: z.literal('system'), content }),
  z.looseObject({ role: z.literal('user'), content }),
  z
    .looseObject({
      role: z.literal('assistant'),
      content: content.nullish(),
      refusal: z.string().nullish(),
      tool_calls: z.array(toolCall).min(1).nullish(),
    })
    .refine(message => message.content != null || message.refusal != null || message.tool_calls != null, {
      error: 'A message of the assistant has a content, a refusal or tool calls.',
    }),
  z.looseObject({ role: z.literal('tool'), content, tool_call_id: z.string().min(1) }),
])

const penalty = z.number().min(-2).max(2).nullish()
const tool = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('function'),
    function: named.extend({
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
  z.looseObject({ type: z.literal('custom'), custom: named }),
])

/**
 * Body of `POST /v1/chat/completions`. `model` is `<provider>/<model>`, `agent:<slug>` or `agent:<slug>@<version>`. Options
 * that are not named here are passed on to the provider.
 */
export const createChatCompletion = z.looseObject({
  model: modelName,
  messages: z.array(chatMessage).min(1).max(1000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)], { error: 'A text, or up to 4.' }).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: z.int().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: z.looseObject({ type: z.enum(['text', 'json_object', 'json_schema']) }).nullish(),
  tools: z.array(tool).max(128).nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.string() })], {
      error: 'none, auto, required, or the name of a tool.',
    })
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
})

const tokens = z.array(z.int().min(0)).min(1)

/** Body of `POST /v1/embeddings`. `model` is `<provider>/<model>`, or `<name>` or `<name>@<version>` of a served model. */
export const createEmbedding = z.looseObject({
  model: modelName,
  input: z.union(
    [
      z.string().min(1),
      z.array(z.string().min(1)).min(1).max(2048),
      tokens.max(2048),
      z.array(tokens).min(1).max(2048),
    ],
    { error: 'A text, a list of tokens, or at most 2048 of either; none of them empty.' },
  ),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).nullish(),
})

const usage = z.looseObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
})

/** Answer of `POST /v1/chat/completions`; with `stream` it comes as `chat.completion.chunk` events and `[DONE]`. */
export const chatCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      message: z.looseObject({ role: z.string(), content: z.string().nullish() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage,
})

export const embeddingList = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int(),
      /** With `base64` the little-endian float32 values. */
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  model: z.string(),
  usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
})

/** `demo`: answers without a key, and is no real model. `embedding`: makes vectors of texts, and does not answer. */
export const openAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  /** Seconds since the epoch; 0 where nobody knows. */
  created: z.int(),
  owned_by: z.string(),
  demo: z.literal(true).optional(),
  embedding: z.literal(true).optional(),
})
export const openAiModelList = z.object({ object: z.literal('list'), data: z.array(openAiModel) })

export type CreateEmbedding = z.output<typeof createEmbedding>
export type CreateChatCompletion = z.output<typeof createChatCompletion>
export type OpenAiModel = z.output<typeof openAiModel>
