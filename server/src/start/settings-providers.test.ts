import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, readConfig } from './config.ts'
import { fixedProviders, freeProviders } from './settings-providers.ts'

const providers = (env: Record<string, string>) =>
  fixedProviders(readConfig(env)).map(({ config, key }) => [config.name, config.baseUrl, key])

test('without a key there is the demo, and with keys it comes last', () => {
  assert.deepEqual(providers({}), [['demo', null, null]])
  assert.deepEqual(
    providers({
      LOVABLE_API_KEY: 'l',
      GOOGLE_GENERATIVE_AI_API_KEY: 'g',
      ANTHROPIC_API_KEY: 'a',
      OPENAI_API_KEY: 'o',
      LLM_API_KEY: 'k',
      LLM_BASE_URL: 'http://llm:8000/v1',
    }),
    [
      ['default', 'http://llm:8000/v1', 'k'],
      ['openai', 'https://api.openai.com/v1', 'o'],
      ['anthropic', null, 'a'],
      ['google', null, 'g'],
      ['lovable', 'https://ai.gateway.lovable.dev/v1', 'l'],
      ['demo', null, null],
    ],
  )
  assert.deepEqual(providers({ LLM_BASE_URL: 'http://localhost:11434/v1' })[0], [
    'default',
    'http://localhost:11434/v1',
    null,
  ])
})

test('providers whose models are all free are known at the start, and the demo is not one of them', () => {
  const free = (env: Record<string, string>) => freeProviders(fixedProviders(readConfig(env)))
  assert.deepEqual(free({}), [])
  assert.deepEqual(free({ OPENAI_API_KEY: 'o', LLM_BASE_URL: 'http://llm/v1' }), ['default', 'openai'])
})

test('what cannot work ends the start with a sentence that holds no key', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ LLM_API_KEY: 'sk-planted' }, /LLM_BASE_URL: goes with LLM_API_KEY/],
    [{ OPENAI_API_KEY: 'sk planted' }, /OPENAI_API_KEY: .*blanks/],
    [{ LLM_BASE_URL: 'https://user:planted@llm/v1' }, /LLM_BASE_URL: .*without credentials/],
    [{ LLM_BASE_URL: 'llm:8000' }, /LLM_BASE_URL: /],
  ]
  for (const [env, sentence] of cases)
    assert.throws(
      () => readConfig(env),
      error => error instanceof ConfigError && sentence.test(error.message) && !/planted/.test(error.message),
      JSON.stringify(env),
    )
})
