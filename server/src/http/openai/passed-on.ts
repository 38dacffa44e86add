import { Problem } from '@roundhouse/sdk/contract'

/**
 * What gateways take as leave to answer with another model, in another place or at another rate than the one that was
 * chosen, listed and priced here. Source: openrouter.ai/docs/api-reference, docs.litellm.ai/docs/proxy/user_keys.
 */
const rerouting = ['models', 'route', 'provider', 'plugins', 'preset', 'fallbacks', 'api_base', 'base_url']
/** Those that are charged as usual. */
const usualTiers: readonly unknown[] = [undefined, null, 'auto', 'default']

/** What is passed on to the provider as it is. @throws Problem `invalid-request` for what would change who answers. */
export function assertPassable(request: Readonly<Record<string, unknown>>): void {
  for (const field of rerouting)
    if (request[field] != null)
      throw new Problem('invalid-request', `${field}: Only the server's administrators choose who answers.`)
  if (!usualTiers.includes(request.service_tier))
    throw new Problem('invalid-request', 'service_tier: Only auto and default are passed on.')
}
