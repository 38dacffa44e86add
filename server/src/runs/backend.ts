import type { Run } from './run.ts'

/**
 * Who answers a run, and why there, for the log: `provider/model`, or the host of the agent's own backend.
 * @param spoken The model that is asked, or has answered, when that is known: else the one the agent names.
 */
export function placeOf(
  { config, mode }: Pick<Run, 'config' | 'mode'>,
  spoken?: string,
): { backend: string; reason: 'railway_url' | 'is_heavy' | 'handed-over' | 'light' } {
  const { railway_url: url, provider, model } = config
  if (url !== null) return { backend: new URL(url).host, reason: 'railway_url' }
  const backend = spoken ?? (provider ? `${provider}/${model}` : model)
  if (config.is_heavy) return { backend, reason: 'is_heavy' }
  return { backend, reason: mode === 'worker' ? 'handed-over' : 'light' }
}
