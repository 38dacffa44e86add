import { modelName, modelVersionLabel } from '@roundhouse/sdk/contract'
import { z } from 'zod'

export const modelParams = z.object({ model: modelName })
export const versionParams = z.object({ model: modelName, version: modelVersionLabel })

export type ModelParams = { model: string; version?: string }
