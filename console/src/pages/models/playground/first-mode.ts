import type { Model } from '@roundhouse/sdk'
import { propertyOf } from '../../../predict/example.ts'
import { type InputMode, inputModes } from '../../../predict/form.ts'
import { imageOf } from '../../../predict/image.ts'

/** What addresses say; absent: what suits the model. */
export const modeNames = {
  form: 'Form',
  image: 'Image',
  csv: 'CSV',
  json: 'JSON',
  file: 'File',
} as const satisfies Record<string, InputMode>

export type ModeName = keyof typeof modeNames

/** A picture where the shape says so; a mere vector only when the model brings an example of one without negatives. */
export function firstMode({ input_schema, metadata }: Pick<Model, 'input_schema' | 'metadata'>): InputMode {
  const inputs = input_schema ?? []
  if (!inputModes(inputs).includes('Image')) return 'Form'
  const example = propertyOf(metadata, 'example_input')
  const isBright = Array.isArray(example) && example.every(value => typeof value === 'number' && value >= 0)
  return inputs.some(({ shape }) => imageOf(shape) && shape.length > 2) || isBright ? 'Image' : 'Form'
}

export function nameOf(mode: InputMode): ModeName {
  return names.find(name => modeNames[name] === mode) ?? 'form'
}

const names: readonly ModeName[] = ['form', 'image', 'csv', 'json', 'file']
