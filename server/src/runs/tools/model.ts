import { type AgentToolOf, decodeNamedInputs, Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import { type Model, type ModelTarget, modelLabel, storedSignature } from '../../models/model.ts'
import type { Serving } from '../../models/serving.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import type { Predictions } from '../../predictions/predictions.ts'
import type { OpenedTool } from '../tool.ts'
import { needScope } from './need-scope.ts'
import { shortened } from './shortened.ts'
import { describeOutputs, inputSchema } from './signature.ts'

const timeoutMs = 30_000
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * A served model. It is called as the run's caller, who sees and pays what they would at the models' own API.
 * @throws Problem `forbidden` without the scope `predict`, `model-not-found`, `unauthenticated`, `model-state`.
 */
export async function modelTool(
  dependencies: {
    serving: Pick<Serving, 'row'>
    predictions: Pick<Predictions, 'find' | 'predict'>
    codec: Pick<TensorCodec, 'encodeNamed'>
  },
  caller: Caller,
  { model, name, description }: AgentToolOf<'model'>,
): Promise<OpenedTool> {
  needScope(caller, 'predict', `the model ${model}`)
  const { serving, predictions, codec } = dependencies
  const target: ModelTarget = uuid.test(model) ? { id: model } : { name: model }
  const row = await serving.row(caller, target)
  if (row.status !== 'ready')
    throw new Problem(
      'model-state',
      `Model ${modelLabel(row)} cannot be a tool: its status is ${row.status}.`,
    )
  const signature = storedSignature(row)
  return {
    name: name ?? row.name,
    description: `${description ?? describe(row)}\nGives ${describeOutputs(signature)}.`,
    parameters: inputSchema(signature),
    // A prediction changes nothing, and with its key it is paid once.
    isRepeatable: true,
    timeoutMs,
    async call(args, { signal, timeoutMs, idempotencyKey }) {
      const loaded = await predictions.find(caller, target)
      const { outputs } = await predictions.predict(caller, loaded, {
        inputs: decodeNamedInputs(args, loaded.signature),
        outputs: loaded.signature.outputs.map(({ name }) => name),
        useCache: true,
        signal,
        timeoutMs,
        workId: idempotencyKey,
      })
      const { tensors, note } = shortened(outputs)
      return `${modelLabel(loaded.source)}: ${note}${await codec.encodeNamed(tensors)}`
    },
  }
}

function describe(row: Model): string {
  return row.description ?? `Predicts with the model ${row.name}.`
}
