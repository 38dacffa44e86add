import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Agent, type AgentConfig, Problem } from '@roundhouse/sdk'
import { compareConfigs, compareTexts } from './compare.ts'
import { changedFields, changeOf, copyOf, draftOf, readDraft } from './draft.ts'
import { faultAt, faultOf, faultWithin } from './faults.ts'

const config: AgentConfig = {
  system_prompt: 'One\nTwo\nThree\nFour\nFive\nSix',
  provider: null,
  model: 'demo/demo',
  temperature: null,
  max_tokens: null,
  tools: [{ type: 'time' }],
  knowledge: [],
  is_heavy: false,
  railway_url: null,
  price: 0,
  limits: {},
  output_schema: null,
  memory: {},
  fallbacks: [],
  guardrails: [],
}
const agent: Agent = {
  ...config,
  id: '0',
  slug: 'helper',
  name: 'Helper',
  description: null,
  visibility: 'private',
  owner_id: null,
  is_published: true,
  published_version: 1,
  created_at: '',
  updated_at: '',
}

test('only what was changed is sent, whatever the order of its fields', () => {
  const base = draftOf({ ...agent, limits: { max_steps: 3, max_seconds: 9 } })
  const draft = { ...base, limits: { max_seconds: 9, max_steps: 3 }, price: 2 }
  assert.deepEqual(changedFields(base, draft), ['price'])
  assert.deepEqual(changeOf(base, draft), { price: 2 })
  assert.deepEqual(Object.keys(copyOf(base, 'Second')).includes('slug'), false)
})

test('a configuration written as JSON is taken when the form can show it, else the field is named', () => {
  const draft = draftOf(agent)
  assert.deepEqual(readDraft(JSON.parse(JSON.stringify({ ...draft, later: 1 }))), {
    draft: { ...draft, later: 1 },
  })
  assert.deepEqual(readDraft({ ...draft, tools: [{}] }), {
    fault: 'tools is a list of objects that each have a type.',
  })
  assert.deepEqual(readDraft({ name: 'x' }), { fault: 'slug is missing: a text.' })
  assert.ok('fault' in readDraft([]))
})

test('the difference to what is live is shown line by line, with what stands around it', () => {
  const draft = { ...draftOf(agent), system_prompt: 'One\nTwo\nThree\nFour\nFive!\nSix', fallbacks: ['a/b'] }
  const changes = compareConfigs(config, draft)
  assert.deepEqual(
    changes.map(change => change.title),
    ['Fallbacks', 'Prompt'],
  )
  assert.deepEqual(
    changes[1]?.lines.map(line => `${line.sign} ${line.text}`),
    ['skip 2 lines as before', 'same Three', 'same Four', 'removed Five', 'added Five!', 'same Six'],
  )
  assert.deepEqual(compareConfigs(config, draftOf(agent)), [])
  assert.deepEqual(compareTexts('a\nb\nc', 'a\nc'), [
    { sign: 'same', text: 'a' },
    { sign: 'removed', text: 'b' },
    { sign: 'same', text: 'c' },
  ])
})

test('what the server refuses is said at the field that it names', () => {
  const fault = faultOf(new Problem('invalid-request', 'tools.1.headers.Authorization: Too long.'))
  assert.equal(faultAt(fault, 'tools', 1, 'headers'), 'Authorization: Too long.')
  assert.equal(faultAt(fault, 'tools', 0), undefined)
  assert.deepEqual(faultWithin(fault, 'tools', 1), {
    path: ['headers', 'Authorization'],
    message: 'Too long.',
  })
  const other = faultOf(new Problem('forbidden', 'tools[0]: only administrators may give an agent a query.'))
  assert.equal(faultAt(other, 'tools', 0), 'only administrators may give an agent a query.')
  assert.equal(
    faultOf(new Problem('forbidden', 'Agent x is not yours: only its owner may change it.')),
    undefined,
  )
})
