import type { Tool } from '@modelcontextprotocol/server'
import { decodeNamedInputs, Problem } from '@roundhouse/sdk/contract'
import { type Model, modelLabel, storedSignature } from '../../models/model.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import type { Predictions } from '../../predictions/predictions.ts'
import { describeOutputs, inputSchema, outputSchema } from '../../runs/tools/signature.ts'
import type { ToolAnswer, ToolCall } from './tool.ts'
import { describe, toolName } from './tool-names.ts'

/** More is read by programs, not by the models that clients show it to. */
const mostElements = 100_000
const mostCharacters = 2 * 1024 * 1024

/** A served model as a tool, with the forms of its signature. */
export function modelTool(model: Model): Tool {
  const signature = storedSignature(model)
  const about = model.description ?? `Predicts with the model ${model.name}.`
  return {
    name: toolName('model', model.name),
    title: model.name,
    description: `${describe(about, model.price)}\nGives ${describeOutputs(signature)}.`,
    inputSchema: { ...inputSchema(signature), type: 'object' },
    outputSchema: { ...outputSchema(signature), type: 'object' },
    annotations: {
      title: model.name,
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  }
}

/** An ordinary prediction: with its price, and in the history. @throws Problem. */
export async function callModel(
  { predictions, codec }: { predictions: Pick<Predictions, 'find' | 'predict'>; codec: TensorCodec },
  { name }: Model,
  args: unknown,
  { caller, signal }: ToolCall,
): Promise<ToolAnswer> {
  const loaded = await predictions.find(caller, { name })
  const { outputs } = await predictions.predict(caller, loaded, {
    inputs: decodeNamedInputs(args, loaded.signature),
    outputs: loaded.signature.outputs.map(output => output.name),
    useCache: true,
    signal,
  })
  const elements = outputs.reduce((sum, { data }) => sum + data.length, 0)
  if (elements > mostElements) throw tooLarge(loaded.source, `${elements} elements`)
  const text = await codec.encodeNamed(outputs)
  if (text.length > mostCharacters) throw tooLarge(loaded.source, `${text.length} characters`)
  return {
    content: [{ type: 'text', text }],
    structuredContent: JSON.parse(text),
    _meta: { 'roundhouse/model': modelLabel(loaded.source) },
  }
}

function tooLarge({ id }: { id: string }, size: string): Problem {
  return new Problem(
    'payload-too-large',
    `The result has ${size}, which is more than a tool gives. POST /api/v1/models/${id}/predict gives it whole.`,
  )
}
