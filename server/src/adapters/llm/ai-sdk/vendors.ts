import type { EmbeddingModelV4, LanguageModelV4 } from '@ai-sdk/provider'

/** Whose own protocol is spoken. */
export type Vendor = 'anthropic' | 'google'

export type VendorModels = {
  chat(model: string): LanguageModelV4
  /** Absent where the vendor has none. */
  embedding?(model: string): EmbeddingModelV4
}

/** Where each is reached when nothing else is set. */
export const vendorUrls: Readonly<Record<Vendor, string>> = {
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
}

/**
 * Loads what speaks a vendor's protocol: 0.2 to 0.6 s and 25 MB (2026-11-21) that only those pay for who call it. Address and key are
 * always given, an empty one too: else they would be read from the environment.
 */
export async function loadVendor(
  vendor: Vendor,
  options: { readonly baseURL: string; readonly apiKey: string; readonly fetch: typeof fetch },
): Promise<VendorModels> {
  if (vendor === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return { chat: createAnthropic(options) }
  }
  const { createGoogle } = await import('@ai-sdk/google')
  const google = createGoogle(options)
  return { chat: google, embedding: google.embeddingModel }
}
