import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem, type RunEvent } from '@roundhouse/sdk/contract'
import { calls, chunk, ends, says, scriptedRun, tool } from '../../testing/scripted-run.ts'
import { until } from '../../testing/until.ts'
import type { Approval } from '../stream.ts'
import type { Tool } from '../tool.ts'

const done = says('Done')

/** What the model is told by one call. */
async function toldBy(made: Tool, args = '{}'): Promise<Extract<RunEvent, { type: 'tool-result' }>> {
  const house = scriptedRun({ scripts: [calls(['a', made.name, args]), done], tools: [made] })
  assert.equal((await house.go()).kind, 'done')
  return resultsOf(house)[0] ?? assert.fail('no result')
}

function resultsOf({ events }: Pick<ReturnType<typeof scriptedRun>, 'events'>) {
  return events.filter(event => event.type === 'tool-result')
}

test('a call whose arguments come in fragments is one call', async () => {
  const piece = (args: string) => chunk({ tool_calls: [{ index: 0, function: { arguments: args } }] })
  const house = scriptedRun({
    scripts: [
      [
        chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'echo', arguments: '' } }] }),
        piece('{"te'),
        piece('xt":"h'),
        piece('i"}'),
        ends('tool_calls'),
      ],
      done,
    ],
    tools: [tool({ name: 'echo', call: async args => JSON.stringify(args) })],
  })
  await house.go()
  assert.deepEqual(house.events[1], {
    type: 'tool-call',
    step: 1,
    id: 'a',
    name: 'echo',
    arguments: '{"text":"hi"}',
  })
  assert.equal(resultsOf(house)[0]?.content, '{"text":"hi"}')
})

test('calls that an upstream all gives the index 0, or no id, are told apart', async () => {
  const call = (id: string | undefined, args: string) =>
    chunk({ tool_calls: [{ index: 0, ...(id ? { id } : {}), function: { name: 'echo', arguments: args } }] })
  const house = scriptedRun({
    scripts: [
      [call('a', '[1]'), call('b', '[2]'), call('b', ''), ends('stop')],
      [call(undefined, '[3]'), ends('stop')],
      done,
    ],
    tools: [tool({ name: 'echo', parameters: {}, call: async args => JSON.stringify(args) })],
  })
  await house.go()
  assert.deepEqual(
    resultsOf(house).map(({ id, content }) => [id, content]),
    [
      ['a', '[1]'],
      ['b', '[2]'],
      ['call_2_1', '[3]'],
    ],
  )
})

test('calls of one answer have ids of their own, whichever of them the model named', async () => {
  const call = (index: number, id: string) =>
    chunk({ tool_calls: [{ index, id, function: { name: 'echo', arguments: `[${index}]` } }] })
  const house = scriptedRun({
    // The second has none, and those that would be made for it are taken.
    scripts: [
      [call(0, 'call_1_2'), call(1, ''), call(2, 'call_1_3'), call(3, 'call_1_2'), ends('stop')],
      done,
    ],
    tools: [tool({ name: 'echo', parameters: {}, call: async args => JSON.stringify(args) })],
  })
  await house.go()
  const results = resultsOf(house)
  assert.deepEqual(
    results.map(({ content }) => content),
    ['[0]', '[1]', '[2]', '[3]'],
  )
  assert.equal(new Set(results.map(({ id }) => id)).size, 4)
  assert.equal(results[0]?.id, 'call_1_2')
})

test('several calls of one answer run side by side', async () => {
  const both = Promise.withResolvers<void>()
  let begun = 0
  const wait = tool({
    name: 'wait',
    async call() {
      begun += 1
      if (begun === 2) both.resolve()
      await both.promise
      return 'met'
    },
  })
  const house = scriptedRun({
    scripts: [calls(['a', 'wait', '{}'], ['b', 'wait', '{}']), done],
    tools: [wait],
  })
  await house.go()
  assert.deepEqual(
    resultsOf(house).map(({ content }) => content),
    ['met', 'met'],
  )
})

test('a call is written down before it begins', async () => {
  const house = scriptedRun({
    scripts: [calls(['a', 'look', '{}']), done],
    tools: [tool({ name: 'look', call: async () => house.lastTool()?.status ?? 'unknown' })],
  })
  await house.go()
  assert.equal(resultsOf(house)[0]?.content, 'running')
})

test('arguments that are broken, too deep or of another form are told to the model, and the tool is not called', async () => {
  const strict = tool({
    name: 'strict',
    parameters: { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
    call: () => assert.fail('it was called'),
  })
  for (const [args, sentence] of [
    ['{"x": 1', /not valid JSON/],
    ['[]', /arguments must be object/],
    ['{"x":"1"}', /arguments\/x must be integer/],
    [`{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`, /nested deeper/],
  ] as const) {
    const result = await toldBy(strict, args)
    assert.match(result.content, sentence)
    assert.equal(result.is_error, true)
  }
})

test('a tool that does not exist is answered with those that do', async () => {
  const house = scriptedRun({
    scripts: [calls(['a', 'rm', '{}']), done],
    tools: [tool({ name: 'look' })],
  })
  await house.go()
  assert.equal(resultsOf(house)[0]?.content, 'There is no tool "rm". There are: look.')
})

test('a tool that hangs is left when its time is over, also when it does not listen', async () => {
  const house = scriptedRun({
    scripts: [calls(['a', 'hang', '{}']), done],
    tools: [tool({ name: 'hang', timeoutMs: 2000, call: () => new Promise(() => {}) })],
  })
  const running = house.go()
  await until(() => house.lastTool()?.status === 'running', 'the tool is begun')
  house.clock.turn(2000)
  await running
  assert.deepEqual(
    resultsOf(house).map(({ content, is_error }) => [content, is_error]),
    [['The tool did not answer within 2 s.', true]],
  )
})

test('whatever a tool throws or gives, the run goes on', async () => {
  const problem = await toldBy(
    tool({
      name: 'a',
      call: async () => {
        throw new Problem('model-not-found', 'There is no model x.')
      },
    }),
  )
  assert.deepEqual([problem.content, problem.is_error], ['There is no model x.', true])
  const bug = await toldBy(
    tool({
      name: 'b',
      call: () => {
        throw new Error('secret path /etc')
      },
    }),
  )
  assert.deepEqual([bug.content, bug.is_error], ['The tool failed.', true])
  const lie = await toldBy(tool({ name: 'c', call: async () => 42 as unknown as string }))
  assert.equal(lie.is_error, true)
})

test('a long result is cut between characters, and says so', async () => {
  const { content } = await toldBy(tool({ name: 'long', call: async () => 'ä'.repeat(50_000) }))
  assert.match(content, /^ä{16384}\n\[Cut: the first 32 kB of 98 kB\.\]$/)
})

test('a call has the same idempotency key when it is repeated', async () => {
  const keys: string[] = []
  const stop = new AbortController()
  const house = scriptedRun({
    scripts: [calls(['a', 'pay', '{}']), done],
    tools: [
      tool({
        name: 'pay',
        isRepeatable: true,
        async call(_args, { idempotencyKey }) {
          keys.push(idempotencyKey)
          if (keys.length === 1) stop.abort('handed-back')
          return 'paid'
        },
      }),
    ],
  })
  assert.equal((await house.go({ signal: stop.signal })).kind, 'left')
  assert.equal((await house.go({ attempt: 2 })).kind, 'done')
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
})

const guarded = () => {
  const made: unknown[] = []
  const send = tool({
    name: 'send',
    needsApproval: true,
    async call(args) {
      made.push(args)
      return 'sent'
    },
  })
  return { made, send }
}

function answered(id: string, callId: string, approved: boolean, note: string | null = null): Approval {
  return { id, step: 1, callId, reason: 'approval', answer: { approved, note } }
}

test('a call that needs a yes waits for it, and nothing else of that answer is begun before', async () => {
  const { made, send } = guarded()
  const other = tool({ name: 'other', call: async () => String(made.push('other')) })
  const house = scriptedRun({
    scripts: [calls(['a', 'send', '{"to":"Ann"}'], ['b', 'other', '{}']), done],
    tools: [send, other],
  })
  const outcome = await house.go()
  assert.ok(outcome.kind === 'waiting')
  const [question] = outcome.questions
  assert.ok(question)
  assert.deepEqual(made, [])
  assert.deepEqual(question, {
    id: question.id,
    step: 1,
    callId: 'a',
    tool: 'send',
    arguments: '{"to":"Ann"}',
    reason: 'approval',
    expiresAt: new Date('2026-11-22T12:00:00.000Z'),
  })
  // It is told where it can be answered: in the commit in which the run lets go.
  assert.ok(house.events.every(({ type }) => type !== 'approval-request'))
  const after = await house.go({ attempt: 2, approvals: [answered(question.id, 'a', true)] })
  assert.equal(after.kind, 'done')
  assert.deepEqual(made, [{ to: 'Ann' }, 'other'])
})

test('a call that is denied, or that nobody answered for in time, is not made, and the model is told why', async () => {
  const { made, send } = guarded()
  const house = scriptedRun({ scripts: [calls(['a', 'send', '{}']), says('Then not.')], tools: [send] })
  await house.go()
  const outcome = await house.go({ attempt: 2, approvals: [answered('1', 'a', false, 'Too early.')] })
  assert.equal(outcome.kind === 'done' && outcome.output, 'Then not.')
  assert.deepEqual(made, [])
  assert.equal(
    resultsOf(house)[0]?.content,
    'A person declined this call; it was not made. They said: Too early.',
  )
})

test('an answer is for the call that was asked about, also where the model gives another one the same id', async () => {
  for (const approved of [true, false]) {
    const { made, send } = guarded()
    const house = scriptedRun({
      scripts: [calls(['a', 'send', '{"to":"Ann"}']), calls(['a', 'send', '{"to":"everyone"}']), done],
      tools: [send],
    })
    await house.go()
    const first = answered('1', 'a', approved)
    const again = await house.go({ attempt: 2, approvals: [first] })
    assert.ok(again.kind === 'waiting', again.kind)
    assert.deepEqual(again.questions[0]?.arguments, '{"to":"everyone"}')
    assert.deepEqual(made, approved ? [{ to: 'Ann' }] : [])
    const second = { ...answered('2', 'a', !approved), step: 2 }
    const outcome = await house.go({ attempt: 3, approvals: [first, second] })
    assert.equal(outcome.kind, 'done')
    assert.deepEqual(made, [{ to: approved ? 'Ann' : 'everyone' }])
  }
})

test('a call that was interrupted is repeated only when a person says so, each time', async () => {
  let made = 0
  let stop = new AbortController()
  const send = tool({
    name: 'send',
    async call() {
      made += 1
      stop.abort('handed-back')
      return 'sent'
    },
  })
  const house = scriptedRun({ scripts: [calls(['a', 'send', '{}']), done], tools: [send] })
  assert.equal((await house.go({ signal: stop.signal })).kind, 'left')
  const asked = await house.go({ attempt: 2 })
  assert.ok(asked.kind === 'waiting')
  assert.deepEqual([asked.questions[0]?.reason, made], ['interrupted', 1])

  const yes: Approval = {
    id: '1',
    step: 1,
    callId: 'a',
    reason: 'interrupted',
    answer: { approved: true, note: null },
  }
  stop = new AbortController()
  assert.equal((await house.go({ attempt: 3, approvals: [yes], signal: stop.signal })).kind, 'left')
  assert.equal(made, 2)
  const again = await house.go({ attempt: 4, approvals: [yes] })
  assert.equal(again.kind, 'waiting', 'a yes is for one time')

  const no: Approval = { ...yes, id: '2', answer: { approved: false, note: null } }
  assert.equal((await house.go({ attempt: 5, approvals: [yes, no] })).kind, 'done')
  assert.equal(made, 2)
  assert.match(resultsOf(house)[0]?.content ?? '', /interrupted.*declined to repeat/)
})

test('a tool whose schema is none is not called, and breaks no run', async () => {
  const { content, is_error } = await toldBy(
    tool({ name: 'odd', parameters: { type: 'strng' }, call: () => assert.fail('it is called') }),
  )
  assert.deepEqual(
    [content, is_error],
    ['The schema of the tool cannot be read. The tool was not called.', true],
  )
})
