import type { ProviderModel } from '../providers/provider.ts'

export type Tokens = { readonly inputTokens: number; readonly outputTokens: number }

type Prices = Pick<ProviderModel, 'inputPrice' | 'outputPrice'>
type Costs = Pick<ProviderModel, 'inputCost' | 'outputCost'>

const million = 1_000_000
/** English has 4 bytes per token, Chinese about 3, and so a bit more is held than will be needed. */
const bytesPerToken = 3
/** Pictures and sounds are sent as long texts in these fields, and cost about as much whatever their length is. */
const mediaFields = new Set(['url', 'image_url', 'data', 'file_data'])
const mediaTokens = 1500
/** Of what is counted while it streams; settled by what the provider says, where it does. */
const charactersPerToken = 4

/** No call takes more: who tells of more has miscounted, and a run of a thousand calls still has an exact sum. */
const mostTokens = 100_000_000

/** Whether a provider can mean it: what makes no sense is passed over, and an estimate counts. */
export function isTokenCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= mostTokens
}

/** Whole credits, rounded up: what a caller pays for so many tokens. */
export function creditsFor(model: Prices, { inputTokens, outputTokens }: Tokens): number {
  return whole((inputTokens * model.inputPrice + outputTokens * model.outputPrice) / million)
}

/** Micro-dollars, rounded up: what the provider asks of us for so many tokens. */
export function costMicrosFor(model: Costs, { inputTokens, outputTokens }: Tokens): number {
  return whole((inputTokens * model.inputCost + outputTokens * model.outputCost) / million)
}

/** About how many tokens a model is given with these values: messages, tools, schemas. */
export function estimateInputTokens(value: unknown): number {
  if (typeof value === 'string') return Math.ceil(Buffer.byteLength(value) / bytesPerToken)
  if (typeof value !== 'object' || value === null) return value === undefined ? 0 : 1
  let tokens = 1
  if (Array.isArray(value)) for (const item of value) tokens += estimateInputTokens(item)
  else
    for (const [name, item] of Object.entries(value)) {
      const itemTokens = estimateInputTokens(item)
      const isMedia = typeof item === 'string' && mediaFields.has(name)
      tokens += estimateInputTokens(name) + (isMedia ? Math.min(itemTokens, mediaTokens) : itemTokens)
    }
  return tokens
}

/** Of a text that a model wrote. Providers send about a token at a time, so that `pieces` are at least as many. */
export function estimateOutputTokens(characters: number, pieces: number): number {
  return Math.max(Math.ceil(characters / charactersPerToken), pieces)
}

/** Rounded up, and no more than a number of JSON holds exactly: providers can say what they like. */
function whole(amount: number): number {
  return Math.min(Math.ceil(amount), Number.MAX_SAFE_INTEGER)
}
