import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { systemClock } from '../kit/clock.ts'
import { silentLog } from '../kit/log.ts'
import { defer } from '../testing/defer.ts'
import { modelOf, openTestLlm, providerOf } from '../testing/provider-fixture.ts'
import { createDirectory } from './directory.ts'
import type { Target } from './provider.ts'
import type { KeyedProvider } from './provider-config.ts'
import { createTargets, type Targets } from './targets.ts'

async function targets(t: TestContext, ...fixed: KeyedProvider[]): Promise<Targets> {
  const directory = createDirectory({
    read: async () => [],
    readKey: async () => null,
    fixed,
    openLlm: openTestLlm,
    bus: createInProcessBus(),
    clock: systemClock,
    log: silentLog,
  })
  await directory.refresh()
  defer(t, directory.close)
  return createTargets(directory)
}

const url = 'http://127.0.0.1:1/v1'
const vectors = modelOf('vectors', { kind: 'embedding' })
const listed = providerOf('listed', url, { models: [modelOf('small', { inputPrice: 3 }), modelOf('a/b')] })
const open = providerOf('open', url)
const off = providerOf('off', url, { models: [modelOf('gone')], isEnabled: false })
const demo = providerOf('demo', null, { source: 'built-in', models: [modelOf('demo')] })
const nameOf = ({ provider, model }: Target) => `${provider}/${model.name}`

test('a model is found by its provider and its name, which may hold slashes', async t => {
  const { find } = await targets(t, listed, open, demo)
  assert.equal(find('listed/small').model.inputPrice, 3)
  assert.equal(nameOf(find('listed/a/b')), 'listed/a/b')
  assert.equal(nameOf(find('open/whatever/it/is')), 'open/whatever/it/is')
  assert.equal(find('open/x').isDemo, false)
  assert.equal(find('demo/demo').isDemo, true)
})

test('what a provider does not list, has not or does not do any more is not found', async t => {
  const { find, findFor } = await targets(t, listed, open, off, demo)
  for (const name of ['listed/large', 'nobody/x', 'off/gone', 'open/', 'open', '/x', ''])
    assert.throws(() => find(name), { code: 'model-not-found' }, name)
  assert.throws(() => findFor('listed', 'large'), { code: 'model-not-found' })
  assert.throws(() => findFor('off', 'gone'), { code: 'model-not-found' })
})

test('an agent without a provider gets the first that lists its model, else one that takes every name', async t => {
  const { findFor } = await targets(t, open, listed, off, demo)
  assert.equal(nameOf(findFor(null, 'small')), 'listed/small')
  assert.equal(nameOf(findFor(null, 'a/b')), 'listed/a/b')
  assert.equal(nameOf(findFor(null, 'demo/demo')), 'demo/demo')
  assert.equal(nameOf(findFor(null, 'google/gemini')), 'open/google/gemini')
  assert.equal(nameOf(findFor('open', 'small')), 'open/small')
  const { findFor: among } = await targets(t, listed, demo)
  assert.throws(() => among(null, 'large'), { code: 'model-not-found' })
})

test('a model that embeds does not chat, and one that chats does not embed: each is refused by what it is', async t => {
  const { find, findFor } = await targets(
    t,
    providerOf('both', url, { models: [modelOf('chats'), vectors] }),
    open,
  )
  assert.equal(find('both/chats', 'chat').model.name, 'chats')
  assert.equal(find('both/vectors', 'embedding').model.name, 'vectors')
  const cannotChat = { code: 'model-not-found', message: /^both\/vectors is a model for embeddings/ }
  assert.throws(() => find('both/vectors', 'chat'), cannotChat)
  assert.throws(() => findFor('both', 'vectors'), cannotChat)
  // Not passed on to a provider that takes every name.
  for (const name of ['vectors', 'both/vectors']) assert.throws(() => findFor(null, name), cannotChat)
  assert.throws(() => find('both/chats', 'embedding'), {
    code: 'model-not-found',
    message: /^both\/chats is a model to chat with/,
  })
  // Nobody knows what a model does that is not listed.
  for (const kind of ['chat', 'embedding'] as const) assert.equal(find('open/x', kind).model.kind, kind)
})

test('the list has every model of those in use, the demo last', async t => {
  const { models } = await targets(t, demo, listed, open, off)
  assert.deepEqual(models().map(nameOf), ['listed/small', 'listed/a/b', 'demo/demo'])
})

test('a chain has each model once, with the fallbacks behind theirs, without those that are gone or do not chat', async t => {
  const { find, chainOf } = await targets(
    t,
    providerOf('one', url, { fallbacks: ['two/x', 'off/gone', 'nobody/x', 'embeds/vectors', 'one/y'] }),
    providerOf('two', url, { fallbacks: ['one/y', 'three/z'] }),
    off,
    providerOf('three', url),
    providerOf('embeds', url, { models: [vectors] }),
  )
  assert.deepEqual(
    chainOf([find('one/y'), find('two/x')]).map(({ target }) => nameOf(target)),
    ['one/y', 'two/x', 'three/z'],
  )
})

test('who is held for is who may answer: the fallbacks of fallbacks are in the chain, and a chain of it has nobody else', async t => {
  const { find, chainOf } = await targets(
    t,
    providerOf('one', url, { fallbacks: ['two/x'] }),
    providerOf('two', url, { fallbacks: ['three/z'] }),
    providerOf('three', url, { fallbacks: ['one/y'] }),
  )
  const chain = chainOf([find('one/y')]).map(({ target }) => target)
  assert.deepEqual(chain.map(nameOf), ['one/y', 'two/x', 'three/z'])
  assert.deepEqual(
    chainOf(chain).map(({ target }) => target),
    chain,
  )
})
