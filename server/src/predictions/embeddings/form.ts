import { Problem, type Signature, type Tensor, type TensorSpec } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'

/** How a model is asked for the vector of one text, and which of its outputs that is. */
export type Form = {
  readonly output: TensorSpec
  /** @throws Problem `invalid-request` for a text where tokens are wanted, or the other way round. */
  inputsOf(item: Item): Tensor[]
}

/** A text, or its tokens as the model counts them. */
export type Item = string | readonly number[]

/** What each value of an input is, by its name in the exports of transformers. */
const tokenInputs = new Map<string, (token: number) => bigint>([
  ['input_ids', token => BigInt(token)],
  ['attention_mask', () => 1n],
  ['token_type_ids', () => 0n],
])
/** Beside the vectors of the tokens; `pooler_output`, which stands beside them too, was trained for something else. */
const wholeText = 'sentence_embedding'

/**
 * Two kinds of models give vectors: those that take a text (BYTES [N] or [N,1]) and give FP32 [N,D], and those that take
 * tokens (INT64 [N,T]: `input_ids`, and `attention_mask` and `token_type_ids` where they have them) and give FP32 [N,D]
 * or one vector for each token, [N,T,D]. Of several outputs it is `sentence_embedding`, else the first that fits.
 * @throws Problem `invalid-request` for any other.
 */
export function formOf({ inputs, outputs }: Signature, model: string): Form {
  const form = textForm(inputs, outputs, model) ?? tokenForm(inputs, outputs, model)
  if (form) return form
  throw new Problem(
    'invalid-request',
    `model: ${model} cannot embed: it takes no texts (BYTES [N]) and no tokens (INT64 [N,T], input_ids), or gives no FP32 [N,D] or [N,T,D].`,
  )
}

function textForm(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  model: string,
): Form | undefined {
  const [input] = inputs
  const output = vectorAmong(outputs, [2])
  if (!input || inputs.length > 1 || !output || input.datatype !== 'BYTES') return undefined
  if (![1, 2].includes(input.shape.length) || !input.shape.every(takesOne)) return undefined
  return {
    output,
    inputsOf(item) {
      if (typeof item !== 'string')
        throw new Problem('invalid-request', `input: Model ${model} takes texts, not tokens.`)
      return [{ name: input.name, datatype: 'BYTES', shape: input.shape.map(() => 1), data: [item] }]
    },
  }
}

function tokenForm(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  model: string,
): Form | undefined {
  const output = vectorAmong(outputs, [2, 3])
  const isTaken = ({ name, datatype, shape: [rows, tokens, ...more] }: TensorSpec) =>
    tokenInputs.has(name) && datatype === 'INT64' && takesOne(rows) && tokens === null && more.length === 0
  if (!output || !inputs.some(({ name }) => name === 'input_ids') || !inputs.every(isTaken)) return undefined
  return {
    output,
    inputsOf(item) {
      if (typeof item === 'string')
        throw new Problem(
          'invalid-request',
          `input: Model ${model} takes tokens, and how it counts them is not known here. Send lists of its tokens.`,
        )
      return inputs.map(({ name }) => {
        const toValue = tokenInputs.get(name)
        invariant(toValue, 'its inputs are those of the table')
        const data = BigInt64Array.from(item, token => toValue(token))
        return { name, datatype: 'INT64', shape: [1, item.length], data }
      })
    },
  }
}

function vectorAmong(outputs: readonly TensorSpec[], ranks: readonly number[]): TensorSpec | undefined {
  const fitting = outputs.filter(
    ({ datatype, shape }) => datatype === 'FP32' && ranks.includes(shape.length) && takesOne(shape[0]),
  )
  return fitting.find(({ name }) => name === wholeText) ?? fitting[0]
}

function takesOne(size: number | null | undefined): boolean {
  return size === null || size === 1
}
