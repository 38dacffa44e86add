import { Problem } from '@roundhouse/sdk/contract'
import type { Directory } from './directory.ts'
import type { Candidate } from './first-that-answers.ts'
import type { ModelKind, ProviderModel, Providers, Target } from './provider.ts'
import { type ProviderConfig, unpriced } from './provider-config.ts'

/** Finds what a name means among the providers that are in use. */
export type Targets = Pick<Providers, 'find' | 'findFor' | 'models'> & {
  candidateOf(target: Target): Candidate
  /** Each of the targets with the fallbacks of its provider behind it, and theirs, none twice. */
  chainOf(targets: readonly Target[]): Candidate[]
}

export function createTargets(directory: Directory): Targets {
  /** In the fixed order. */
  function inUse(): readonly ProviderConfig[] {
    return directory
      .all()
      .map(({ config }) => config)
      .filter(({ isEnabled }) => isEnabled)
  }

  /** Undefined when there is none. @param kind Of a model that its provider does not list. */
  function lookUp(provider: string, model: string, kind: ModelKind = 'chat'): Target | undefined {
    const config = directory.get(provider)?.config
    if (!config?.isEnabled || model === '') return undefined
    const listed = config.models.find(({ name }) => name === model)
    if (listed) return targetOf(config, listed)
    return config.models.length === 0 ? targetOf(config, { name: model, kind, ...unpriced }) : undefined
  }

  function byName(name: string, kind?: ModelKind): Target | undefined {
    const slash = name.indexOf('/')
    return slash > 0 ? lookUp(name.slice(0, slash), name.slice(slash + 1), kind) : undefined
  }

  function candidate(target: Target): Candidate | undefined {
    const endpoint = directory.get(target.provider)
    return endpoint?.config.isEnabled ? { target, endpoint } : undefined
  }

  return {
    find(name, kind) {
      const target = byName(name, kind)
      if (!target) throw missing(name)
      return kind === undefined ? target : ofKind(kind, target)
    },

    findFor(provider, model) {
      if (provider !== null) {
        const target = lookUp(provider, model)
        if (!target) throw missing(`${provider}/${model}`)
        return ofKind('chat', target)
      }
      const listing = inUse().find(({ models }) => models.some(({ name }) => name === model))
      // A gateway's models have names with a slash too, and it comes last: it takes every name.
      const target = listing
        ? lookUp(listing.name, model)
        : (byName(model) ?? firstDefined(inUse(), ({ name }) => lookUp(name, model)))
      if (!target) throw missing(model)
      return ofKind('chat', target)
    },

    models: () => inUse().flatMap(config => config.models.map(model => targetOf(config, model))),

    candidateOf(target) {
      const found = candidate(target)
      if (!found) throw missing(nameOf(target))
      return found
    },

    chainOf(targets) {
      const chain = new Map<string, Candidate | undefined>()
      const add = (target: Target) => {
        if (chain.has(nameOf(target))) return
        chain.set(nameOf(target), candidate(target))
        for (const name of directory.get(target.provider)?.config.fallbacks ?? []) {
          const fallback = byName(name)
          if (fallback?.model.kind === 'chat') add(fallback)
        }
      }
      targets.forEach(add)
      const found = [...chain.values()].filter(candidate => candidate !== undefined)
      if (found.length === 0) throw missing(targets.map(nameOf).join(', '))
      return found
    },
  }
}

function nameOf({ provider, model }: Target): string {
  return `${provider}/${model.name}`
}

function targetOf({ name, kind }: ProviderConfig, model: ProviderModel): Target {
  return { provider: name, model, isDemo: kind === 'demo' }
}

function firstDefined<Item, Found>(
  items: readonly Item[],
  find: (item: Item) => Found | undefined,
): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

function missing(name: string): Problem {
  return new Problem(
    'model-not-found',
    `There is no language model ${name}. Models are named <provider>/<model>; GET /v1/models lists them.`,
  )
}

/** @throws Problem `model-not-found` for a model that does the other. */
function ofKind(kind: ModelKind, target: Target): Target {
  if (target.model.kind === kind) return target
  const name = nameOf(target)
  throw new Problem(
    'model-not-found',
    kind === 'chat'
      ? `${name} is a model for embeddings: it answers POST /v1/embeddings, and cannot chat. Choose another one.`
      : `${name} is a model to chat with: it makes no embeddings. Choose another one.`,
  )
}
