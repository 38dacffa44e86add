import type { ProviderModelBody } from '@roundhouse/sdk/contract'
import type { ProviderModel } from './provider.ts'

/** A model as the contract has it, and the table keeps it. */
export type WireModel = ProviderModelBody

export function modelFromWire(model: WireModel): ProviderModel {
  return {
    name: model.name,
    kind: model.kind,
    inputPrice: model.input_price,
    outputPrice: model.output_price,
    inputCost: model.input_cost,
    outputCost: model.output_cost,
    contextTokens: model.context_tokens,
  }
}

export function modelToWire(model: ProviderModel): WireModel {
  return {
    name: model.name,
    kind: model.kind,
    input_price: model.inputPrice,
    output_price: model.outputPrice,
    input_cost: model.inputCost,
    output_cost: model.outputCost,
    context_tokens: model.contextTokens,
  }
}
