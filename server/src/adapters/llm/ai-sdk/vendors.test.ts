import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

/** The vendors' packages that this process has loaded. */
const loaded = new Set<string>()
registerHooks({
  resolve(specifier, context, next) {
    const [, vendor] = /^@ai-sdk\/(anthropic|google)$/.exec(specifier) ?? []
    if (vendor !== undefined) loaded.add(vendor)
    return next(specifier, context)
  },
})

test("a vendor's package is loaded by the first call of such a provider, not by having one", async () => {
  // All that the server has at its start.
  await import('../../../start/build-providers.ts')
  const { createAiSdk } = await import('./ai-sdk.ts')
  const llm = createAiSdk({
    name: 'acme',
    vendor: 'google',
    baseUrl: 'http://127.0.0.1:1/v1beta',
    key: null,
    connectTimeoutMs: 1000,
    firstTokenTimeoutMs: 5000,
    idleTimeoutMs: 1000,
    answerTimeoutMs: 5000,
  })
  assert.deepEqual([...loaded], [])
  const asked = { model: 'm', messages: [{ role: 'user', content: 'hello' }] }
  await assert.rejects(llm.complete(asked, AbortSignal.timeout(10_000)), { code: 'provider-unavailable' })
  assert.deepEqual([...loaded], ['google'])
  await llm.close()
})
