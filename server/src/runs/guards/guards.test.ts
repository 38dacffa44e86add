import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AgentConfig,
  agentConfig,
  isProblem,
  type RunEvent,
  type RunMessage,
} from '@roundhouse/sdk/contract'
import type { Outbound } from '../../ports/outbound.ts'
import { keptLog } from '../../testing/kept-log.ts'
import { calls, chunk, ends, says, scriptedRun, tool } from '../../testing/scripted-run.ts'
import { createGuards } from './guards.ts'

type Rules = AgentConfig['guardrails']
type Hook = Outbound['fetch']

const card = '4111 1111 1111 1111'
const mask: Rules = [
  { type: 'pii', on: ['input', 'output', 'tool-results', 'tool-arguments'], action: 'mask' },
]
const noCats = {
  type: 'pattern',
  name: 'no-cats',
  pattern: 'cats?',
  on: ['output'],
  action: 'refuse',
} satisfies Rules[number]
const moderated = (more: object = {}): Rules => [
  {
    type: 'moderation',
    on: ['input', 'output', 'tool-results'],
    action: 'refuse',
    url: 'https://m.example/check',
    fail: 'closed',
    ...more,
  },
]

const textOf = (events: readonly RunEvent[]) =>
  events.flatMap(event => (event.type === 'text-delta' ? [event.text] : [])).join('')
const reply =
  (body: unknown): Hook =>
  async () =>
    Response.json(body)
const codeOf = (outcome: { kind: string; error?: unknown }) => isProblem(outcome.error) && outcome.error.code

/** An address that keeps what it is asked, and refuses a text in which there is the word `bad`. */
function judge() {
  const asked: Record<string, unknown>[] = []
  const hook: Hook = async (_url, request) => {
    const question = JSON.parse(String(request?.body))
    asked.push(question)
    return Response.json({ allow: !question.text.includes('bad'), reason: 'It is bad.' })
  }
  return { asked, hook }
}

/** Of a caller's messages. */
function sent(guardrails: Rules, messages: readonly RunMessage[], hook: Hook = reply({ allow: true })) {
  const { log, lines } = keptLog()
  const guards = createGuards({ outbound: { fetch: hook }, log, acted: () => {} })
  const config = agentConfig.parse({ model: 'm', guardrails })
  const kept = guards.input({ id: 'run', agentId: 'agent', config }, messages)
  return { kept, lines }
}
const user = (content: string): RunMessage => ({ role: 'user', content })

test('what is masked of an answer is seen by no reader, in no step, and by no tool', async () => {
  const house = scriptedRun({
    config: { guardrails: mask },
    tools: [tool({ name: 'pay', call: async args => `paid ${JSON.stringify(args)} by ann@example.com` })],
    scripts: [
      [
        chunk({ reasoning_content: 'It is 4111 1111' }),
        chunk({ reasoning_content: ' 1111 1111.' }),
        ...['Card 41', '11 1111 ', '1111 111', '1, fine.'].map(content => chunk({ content })),
        ...calls(['a', 'pay', `{"card":"${card}","number":4111111111111111,"list":["x"]}`]),
      ],
      says('Done by ann@exam', 'ple.com'),
    ],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'Done by [email]')
  assert.equal(textOf(house.events), 'Card [card], fine.Done by [email]')
  const all = JSON.stringify([house.events, house.steps(), house.asked[1]])
  assert.doesNotMatch(all, /4111|ann@/)
  const [call] = house.events.filter(({ type }) => type === 'tool-call')
  assert.equal(
    call?.type === 'tool-call' && call.arguments,
    '{"card":"[card]","number":"[card]","list":["x"]}',
  )
  assert.deepEqual(
    house.steps().map(({ attributes }) => attributes.guardrails),
    [
      [
        { rule: 'pii', on: 'output', action: 'mask', count: 2 },
        { rule: 'pii', on: 'tool-arguments', action: 'mask', count: 2 },
      ],
      [{ rule: 'pii', on: 'tool-results', action: 'mask', count: 1 }],
      [{ rule: 'pii', on: 'output', action: 'mask', count: 1 }],
    ],
  )
})

test('an answer that a rule refuses ends the run where it was, is paid, and is not asked for again', async () => {
  const house = scriptedRun({
    config: { guardrails: [noCats], max_tokens: 100 },
    balance: 10_000,
    prices: { inputPrice: 1_000_000, outputPrice: 1_000_000 },
    scripts: [says('I like dogs and ca', 'ts, all of them')],
  })
  const outcome = await house.go()
  assert.deepEqual([outcome.kind, codeOf(outcome)], ['failed', 'guardrail-refused'])
  assert.match(
    outcome.kind === 'failed' ? String(outcome.error) : '',
    /The rule no-cats of the agent refuses the answer/,
  )
  assert.equal(textOf(house.events), 'I like dogs and ')
  assert.ok(outcome.credits > 0)
  assert.deepEqual(house.steps()[0]?.attributes.guardrails, [
    { rule: 'no-cats', on: 'output', action: 'refuse', count: 1 },
  ])
})

test('a rule that has something to say is answered by that alone', async () => {
  const say = 'I only speak of dogs.'
  const house = scriptedRun({
    config: { guardrails: [{ ...noCats, say }], output_schema: { type: 'object' } },
    scripts: [says('I like cats')],
  })
  const outcome = await house.go()
  assert.deepEqual([outcome.kind === 'done' && outcome.output, textOf(house.events)], [say, say])
  assert.equal(house.steps()[0]?.attributes.finish_reason, 'guardrail-refused')
})

test('a length is cut where it ends, or refuses an answer before anything of it is told', async () => {
  const length = { type: 'length', on: ['output'], max: 6, action: 'cut' } satisfies Rules[number]
  const cut = scriptedRun({
    config: { guardrails: [length] },
    scripts: [says('Good ', 'day')],
  })
  const done = await cut.go()
  assert.deepEqual([done.kind === 'done' && done.output, textOf(cut.events)], ['Good d', 'Good d'])
  const long = scriptedRun({
    config: { guardrails: [{ ...length, action: 'refuse' }] },
    scripts: [says('Good ', 'day')],
  })
  assert.equal(codeOf(await long.go()), 'guardrail-refused')
  assert.equal(textOf(long.events), '')
  const short = scriptedRun({
    config: { guardrails: [{ ...length, action: 'refuse' }] },
    scripts: [says('Good')],
  })
  await short.go()
  assert.equal(textOf(short.events), 'Good')
})

test('a rule that only takes note holds nothing back', async () => {
  const house = scriptedRun({
    config: { guardrails: [{ ...noCats, action: 'flag' }] },
    scripts: [says('I like c', 'ats')],
  })
  await house.go()
  const deltas = house.events.filter(({ type }) => type === 'text-delta')
  assert.deepEqual(deltas.length, 2)
  assert.deepEqual(house.steps()[0]?.attributes.guardrails, [
    { rule: 'no-cats', on: 'output', action: 'flag', count: 1 },
  ])
})

test('an address is asked about each answer before it is told, and about what tools give', async () => {
  const { asked, hook } = judge()
  const house = scriptedRun({
    config: { guardrails: moderated() },
    hook,
    tools: [tool({ name: 'look', call: async () => 'a bad thing' })],
    scripts: [
      [chunk({ content: 'Let me see.' }), chunk({ reasoning_content: 'bad' }), ...calls(['a', 'look', '{}'])],
      says('It is ', 'bad.'),
    ],
  })
  const outcome = await house.go()
  assert.deepEqual([outcome.kind, codeOf(outcome)], ['failed', 'guardrail-refused'])
  assert.equal(textOf(house.events), 'Let me see.')
  assert.deepEqual(
    asked.map(({ stage, text }) => [stage, text]),
    [
      ['output', 'Let me see.'],
      ['tool-results', 'a bad thing'],
      ['output', 'It is bad.'],
    ],
  )
  const told = house.asked[1]?.request.messages.at(-1)
  assert.deepEqual(
    [told?.content, house.lastTool()?.status],
    ['A rule of this agent (moderation) withholds what the tool gave.', 'failed'],
  )
  assert.doesNotMatch(JSON.stringify(house.events), /bad/)
})

test('when an address does not answer, the rule says whether that is a yes', async () => {
  const dead: Hook = async () => {
    throw new Error('refused')
  }
  for (const [hook, fail, kind] of [
    [dead, 'closed', 'failed'],
    [dead, 'open', 'done'],
    [reply({ allowed: true }), 'closed', 'failed'],
    [async () => new Response('', { status: 500 }), 'closed', 'failed'],
  ] as const) {
    const house = scriptedRun({
      config: { guardrails: moderated({ fail }) },
      hook,
      scripts: [says('Good day')],
    })
    assert.equal((await house.go()).kind, kind)
  }
})

test('arguments that a rule refuses do not reach the tool, and the model is told why', async () => {
  let isCalled = false
  const house = scriptedRun({
    config: { guardrails: [{ type: 'pattern', pattern: 'drop', on: ['tool-arguments'], action: 'refuse' }] },
    tools: [
      tool({
        name: 'run',
        call: async () => {
          isCalled = true
          return ''
        },
      }),
    ],
    scripts: [calls(['a', 'run', '{"sql":"dr\\u006fp table"}']), says('Then not.')],
  })
  await house.go()
  assert.equal(isCalled, false)
  assert.equal(
    house.asked[1]?.request.messages.at(-1)?.content,
    'The rule pattern of the agent refuses these arguments. The tool was not called.',
  )
})

test('what a tool gave is looked at before it is cut for the model, so that no part of a number is left', async () => {
  const look = async (text: string) => {
    const house = scriptedRun({
      config: { guardrails: mask },
      tools: [tool({ name: 'look', call: async () => text })],
      scripts: [calls(['a', 'look', '{}']), says('Seen.')],
    })
    await house.go()
    return String(house.asked[1]?.request.messages.at(-1)?.content)
  }
  const atTheCut = await look(`${'x '.repeat(16 * 1024 - 5)}${card} ${'y '.repeat(100)}`)
  assert.match(atTheCut, /x \[card\] y.*\n\[Cut: the first 32 kB of 33 kB\.\]$/s)
  // Masked it is shorter than what is told, unmasked longer than what is looked at.
  const many = await look('ann.the.first.of.all@example.com '.repeat(10_000))
  assert.match(many, /^(\[email\] )+\n\[Cut: the first \d+ kB of 323 kB\.\]$/)
})

test('arguments are looked at as they were written: names that come twice, and numbers of any length', async () => {
  const given: unknown[] = []
  const written =
    '{"to": "x", "to":"ann@example.com", "to": 1, "n":4111111111111111110, "d": 12345678901234567890123}'
  const house = scriptedRun({
    config: {
      guardrails: [
        ...mask,
        { type: 'pattern', pattern: '\\d{23}', on: ['tool-arguments'], action: 'mask', replacement: '#' },
      ],
    },
    tools: [
      tool({
        name: 'pay',
        call: async args => {
          given.push(args)
          return ''
        },
      }),
    ],
    scripts: [calls(['a', 'pay', written]), calls(['b', 'pay', '{"same":  1.50}']), says('Done.')],
  })
  await house.go()
  const shown = house.events.flatMap(event => (event.type === 'tool-call' ? [event.arguments] : []))
  assert.deepEqual(shown, ['{"to": "x", "to":"[email]", "to": 1, "n":"[card]", "d": "#"}', '{"same":  1.50}'])
  assert.deepEqual(given, [{ to: 1, n: '[card]', d: '#' }, { same: 1.5 }])
})

test('an answer that breaks off tells nothing that was held back', async () => {
  const house = scriptedRun({
    config: { guardrails: mask },
    scripts: [[chunk({ content: 'Card 4111 1111 1111' }), new Error('broken')]],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'failed')
  assert.equal(textOf(house.events), 'Card ')
  assert.doesNotMatch(JSON.stringify(house.steps()), /4111/)
})

test('when another process goes on in the middle of a number, nothing of the number is told or kept', async () => {
  const stop = new AbortController()
  const house = scriptedRun({
    config: { guardrails: mask },
    scripts: [
      [chunk({ content: 'Card 4111 1111 1' }), () => stop.abort('handed-back')],
      says('Card 4111 1111 11', '11 1111.'),
    ],
  })
  assert.equal((await house.go({ signal: stop.signal })).kind, 'left')
  const outcome = await house.go({ attempt: 2 })
  assert.equal(outcome.kind === 'done' && outcome.output, 'Card [card].')
  assert.equal(textOf(house.events), 'Card Card [card].')
  assert.doesNotMatch(JSON.stringify([house.events, house.steps()]), /4111/)
})

test('what was sent is masked before it is kept, and refused by the name of the rule', async () => {
  const { kept, lines } = sent(mask, [user(`Pay with ${card}`), user('I am ann@example.com')])
  assert.deepEqual((await kept).messages, [user('Pay with [card]'), user('I am [email]')])
  assert.deepEqual((await kept).acts, [{ rule: 'pii', on: 'input', action: 'mask', count: 2 }])
  const line = JSON.stringify(lines)
  assert.match(line, /guardrail-act.*"rule":"pii"/)
  assert.doesNotMatch(line, /4111|ann@/)
  const refuse: Rules = [{ type: 'length', name: 'short', on: ['input'], action: 'refuse', max: 3 }]
  await assert.rejects(sent(refuse, [user('four')]).kept, {
    code: 'guardrail-refused',
    message: 'The rule short of the agent refuses what was sent.',
  })
  const schema: Rules = [
    { type: 'schema', on: ['input'], action: 'refuse', schema: { type: 'object', required: ['id'] } },
  ]
  assert.equal((await sent(schema, [user('{"id":1}')]).kept).messages.length, 1)
  for (const text of ['{}', 'id', '['.repeat(100)])
    await assert.rejects(sent(schema, [user(text)]).kept, { code: 'guardrail-refused' })
  await assert.rejects(sent([{ ...noCats, on: ['input'], say: 'No cats here.' }], [user('a cat')]).kept, {
    message: 'No cats here.',
  })
})

test('an address is asked about what was sent with all that came before, after the rules before it', async () => {
  const { asked, hook } = judge()
  const rules = [...mask, ...moderated({ name: 'house' })]
  await sent(rules, [user('first'), user(`then ${card}`)], hook).kept
  assert.deepEqual(asked, [
    { stage: 'input', text: 'then [card]', messages: [user('first')], agent_id: 'agent', run_id: 'run' },
  ])
  await assert.rejects(sent(rules, [user('bad')], hook).kept, { message: /house.*It is bad/ })
  const changed = await sent(rules, [user('one'), user('two')], reply({ allow: true, text: 'three' })).kept
  assert.deepEqual(changed.messages, [user('one'), user('three')])
})

test('a thousand texts leave turns to others, and each is looked at for itself', async () => {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 1)
  const rules: Rules = [
    ...Array.from({ length: 8 }, () => ({
      type: 'pattern' as const,
      pattern: '[ab]{900}c|ab',
      on: ['input' as const],
      action: 'mask' as const,
    })),
    { type: 'length', on: ['input'], action: 'cut', max: 3 },
  ]
  const { messages } = await sent(
    rules,
    Array.from({ length: 1000 }, (_, n) => user(n % 2 === 0 ? 'a' : 'bcde')),
  ).kept.finally(() => clearInterval(timer))
  assert.deepEqual([messages[0], messages[999]], [user('a'), user('bcd')])
  assert.ok(turns > 5, `${turns}`)
})

test('a text that is long leaves turns to others while it is searched', async () => {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 1)
  const hostile: Rules = [{ type: 'pattern', pattern: '(a+)+$', on: ['input'], action: 'refuse' }]
  await sent(hostile, [user(`${'aaaaaaaaa '.repeat(40_000)}!`)]).kept.finally(() => clearInterval(timer))
  assert.ok(turns > 5, `${turns}`)
})

test('an answer is told by the chunk where the agent has no rules', async () => {
  const house = scriptedRun({ scripts: [[chunk({ content: card }), ends('stop')]] })
  await house.go()
  assert.equal(textOf(house.events), card)
})
