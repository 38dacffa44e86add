import type { AccountLimits } from '@roundhouse/sdk'
import { bytes, count } from '../../ui/format.ts'

/** A name for a model out of that of its file: `/tmp/My net (2).onnx` -> `My-net-2`. */
export function nameFromFile(fileName: string): string {
  const base = fileName.replace(/^.*[\\/]/, '').replace(/\.onnx$/i, '')
  const name = base
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
    .slice(0, 128)
  return name === '' || name === 'stats' ? 'model' : name
}

/** What is wrong with a name, in a sentence; undefined when nothing is. The server's own rule, told before anything is sent. */
export function faultOfName(name: string): string | undefined {
  if (name === '') return 'A model needs a name.'
  if (name === 'stats') return 'The name stats is taken by the statistics of all models.'
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) return undefined
  return 'Letters, digits, dots, underscores and hyphens, at most 128, with a letter or digit first.'
}

/** Why the server would not take a file of this size from this caller; undefined when it would. */
export function refusalOf(sizeBytes: number, limits: AccountLimits | undefined): string | undefined {
  if (sizeBytes === 0) return 'The file is empty.'
  if (limits === undefined) return undefined
  if (sizeBytes > limits.model_file_bytes)
    return `The file has ${bytes(sizeBytes)}, and this server takes files of at most ${bytes(limits.model_file_bytes)} (MAX_MODEL_SIZE_BYTES).`
  const { models } = limits
  if (models === null) return undefined
  const { versions, max_versions, max_bytes } = models
  if (max_versions !== null && versions >= max_versions)
    return `Your plan holds ${count(max_versions)} versions of models, and you have ${count(versions)}. Delete one first, or ask an administrator for a larger plan.`
  if (max_bytes !== null && models.bytes + sizeBytes > max_bytes)
    return `The file has ${bytes(sizeBytes)}, and your plan has room for ${bytes(Math.max(0, max_bytes - models.bytes))} more.`
  return undefined
}

/** What may be uploaded, in words, before a file is chosen. */
export function limitsInWords({ model_file_bytes, models }: AccountLimits): string {
  const sentences = [`One file may have ${bytes(model_file_bytes)}.`]
  if (models !== null && models.max_versions !== null)
    sentences.push(
      `You have ${count(models.versions)} of the ${count(models.max_versions)} versions of your plan.`,
    )
  if (models !== null && models.max_bytes !== null)
    sentences.push(`Your files have ${bytes(models.bytes)} of its ${bytes(models.max_bytes)}.`)
  return sentences.join(' ')
}
