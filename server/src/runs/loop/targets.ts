import { type AgentConfig, isProblem } from '@roundhouse/sdk/contract'
import type { Providers, Target } from '../../providers/provider.ts'

/**
 * The agent's model, then those that stand in for it, for the agent or for everyone: any of them may answer, at its own
 * price. What is gone, or does not chat, is passed over while another is left.
 * @throws Problem `model-not-found`, of the first, when none is.
 */
export function targetsOf(
  providers: Pick<Providers, 'find' | 'findFor' | 'withFallbacks'>,
  { provider, model, fallbacks }: Pick<AgentConfig, 'provider' | 'model' | 'fallbacks'>,
): readonly Target[] {
  const targets: Target[] = []
  let refusal: unknown
  for (const look of [
    () => providers.findFor(provider, model),
    ...fallbacks.map(name => () => providers.find(name, 'chat')),
  ])
    try {
      targets.push(look())
    } catch (error) {
      if (!isProblem(error) || error.code !== 'model-not-found') throw error
      refusal ??= error
    }
  if (targets.length === 0) throw refusal
  return providers.withFallbacks(targets)
}

export function targetName({ provider, model }: Target): string {
  return `${provider}/${model.name}`
}
