import { createAiSdk } from '../adapters/llm/ai-sdk/ai-sdk.ts'
import { createDemo } from '../adapters/llm/demo/demo.ts'
import { openOpenAi } from '../adapters/llm/openai/openai.ts'
import type { Clock } from '../kit/clock.ts'
import { invariant } from '../kit/invariant.ts'
import type { Log } from '../kit/log.ts'
import type { Llm } from '../ports/llm.ts'
import type { KeyedProvider } from '../providers/provider-config.ts'
import { createProviders, type ProviderRoom } from '../providers/providers.ts'
import type { Secrets } from '../settings/secrets.ts'
import type { Ground } from './choose.ts'
import type { Config } from './settings.ts'
import { fixedProviders, freeProviders } from './settings-providers.ts'

/** Of the demo: as fast as one reads. */
const wordMs = 5
/** OpenAI's own client waits as long for an answer that is not streamed. */
const answerTimeoutMs = 600_000

export function buildProviders(
  config: Config,
  { database, bus }: Ground,
  { secrets, clock, log }: { secrets: Secrets; clock: Clock; log: Log },
): ProviderRoom {
  const fixed = fixedProviders(config)
  for (const provider of freeProviders(fixed))
    log.warn('provider-free', {
      provider,
      detail: `Whoever may call agents calls every model of ${provider} without paying. To ask for credits, set it by PUT /api/v1/admin/providers with prices for its models instead of by the environment.`,
    })
  return createProviders({ database, bus, clock, log, keys: secrets, fixed, openLlm })
}

async function openLlm({ config, key }: KeyedProvider): Promise<Llm> {
  if (config.kind === 'demo') return createDemo({ paceMs: wordMs })
  const { kind, baseUrl } = config
  if (kind !== 'openai') return createAiSdk({ ...config, vendor: kind, key, answerTimeoutMs })
  invariant(baseUrl !== null, 'one that speaks as OpenAI does has an address')
  return openOpenAi({ ...config, baseUrl, key, answerTimeoutMs })
}
