import type { ProviderBody, ProviderModelBody, PutProvider } from '@roundhouse/sdk'
import type { Preset, ProviderKind } from './provider-presets.ts'

/** A provider as it stands in the form. */
export type ProviderDraft = {
  name: string
  kind: ProviderKind
  baseUrl: string
  /** What was typed; '' leaves the key as it is. */
  key: string
  dropKey: boolean
  models: ProviderModelBody[]
  /** One per line. */
  fallbacks: string
  maxConcurrent: number
  connectMs: number
  firstTokenMs: number
  idleMs: number
  enabled: boolean
}

export const emptyModel: ProviderModelBody = {
  name: '',
  kind: 'chat',
  input_price: 0,
  output_price: 0,
  input_cost: 0,
  output_cost: 0,
  context_tokens: null,
}

export function draftOfPreset(preset: Preset): ProviderDraft {
  return {
    name: preset.name === 'custom' ? '' : preset.name,
    kind: preset.kind,
    baseUrl: preset.baseUrl ?? '',
    key: '',
    dropKey: false,
    models: [],
    fallbacks: '',
    maxConcurrent: 64,
    connectMs: 5000,
    firstTokenMs: 60_000,
    idleMs: 30_000,
    enabled: true,
  }
}

export function draftOf(provider: ProviderBody): ProviderDraft {
  return {
    name: provider.name,
    kind: provider.kind === 'demo' ? 'openai' : provider.kind,
    baseUrl: provider.base_url ?? '',
    key: '',
    dropKey: false,
    models: [...provider.models],
    fallbacks: provider.fallbacks.join('\n'),
    maxConcurrent: provider.max_concurrent,
    connectMs: provider.connect_timeout_ms,
    firstTokenMs: provider.first_token_timeout_ms,
    idleMs: provider.idle_timeout_ms,
    enabled: provider.enabled,
  }
}

/** As it is sent: all but the key replaces what was there, so all is said. */
export function bodyOf(draft: ProviderDraft): PutProvider {
  return {
    kind: draft.kind,
    base_url: draft.baseUrl.trim() || null,
    ...(draft.key !== '' ? { key: draft.key.trim() } : draft.dropKey ? { key: null } : {}),
    models: draft.models.filter(model => model.name.trim() !== ''),
    fallbacks: draft.fallbacks
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== ''),
    max_concurrent: draft.maxConcurrent,
    connect_timeout_ms: draft.connectMs,
    first_token_timeout_ms: draft.firstTokenMs,
    idle_timeout_ms: draft.idleMs,
    enabled: draft.enabled,
  }
}

/** Why it cannot be saved yet. */
export function whyNot(draft: ProviderDraft, taken: readonly string[]): string | false {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(draft.name))
    return 'Give it a name first: small letters, digits and hyphens.'
  if (taken.includes(draft.name)) return `There is a provider ${draft.name} already.`
  if (draft.kind === 'openai' && draft.baseUrl.trim() === '') return 'Say where it is reached first.'
  return false
}
