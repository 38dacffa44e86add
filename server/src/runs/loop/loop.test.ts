import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { calls, chunk, ends, says, scriptedRun, tool, usage } from '../../testing/scripted-run.ts'
import { until } from '../../testing/until.ts'

const broke = new Problem('provider-failed', 'The answer broke off.')

test('an answer comes piece by piece, with what it took', async () => {
  const house = scriptedRun({ scripts: [[...says('Good ', 'day'), usage(12, 3)]] })
  const outcome = await house.go()
  assert.deepEqual(outcome, {
    kind: 'done',
    output: 'Good day',
    stopped: 'answered',
    usage: { inputTokens: 12, outputTokens: 3, isEstimated: false },
    credits: 0,
    costMicros: 0,
    firstTokenMs: 0,
    backend: 'first/model',
  })
  assert.deepEqual(house.events, [
    { type: 'step-start', step: 1, provider: 'first', model: 'model' },
    { type: 'text-delta', step: 1, text: 'Good ' },
    { type: 'text-delta', step: 1, text: 'day' },
    {
      type: 'step-end',
      step: 1,
      finish_reason: 'stop',
      usage: { input_tokens: 12, output_tokens: 3, estimated: false },
      credits: 0,
    },
  ])
})

test('a count of tokens that no answer can have is passed over, and an estimate told', async () => {
  const house = scriptedRun({
    scripts: [
      [...calls(['a', 'go', '{}']), usage(10, Number.MAX_SAFE_INTEGER)],
      [...says('Good ', 'day'), usage(Number.MAX_SAFE_INTEGER, 3)],
    ],
    tools: [tool({ name: 'go' })],
  })
  const { usage: told } = await house.go()
  assert.equal(told.isEstimated, true)
  assert.ok(told.inputTokens < 1000 && told.outputTokens < 1000, JSON.stringify(told))
})

test('the model is told the prompt, the knowledge below it, then what was said', async () => {
  const house = scriptedRun({
    config: {
      system_prompt: 'Be brief.',
      knowledge: [{ content: 'The sky is green.' }],
      temperature: 0,
      max_tokens: 9,
    },
    scripts: [says('ok')],
  })
  await house.go()
  assert.deepEqual(house.asked[0]?.request, {
    messages: [
      { role: 'system', content: 'Be brief.\n\nThe sky is green.' },
      { role: 'user', content: 'Hello?' },
    ],
    temperature: 0,
    max_tokens: 9,
  })
})

test('an agent goes on from what its tools said until it answers', async () => {
  const house = scriptedRun({
    scripts: [calls(['a', 'add', '{"x":1}']), says('It is 2.')],
    tools: [tool({ name: 'add', call: async args => `got ${JSON.stringify(args)}` })],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'It is 2.')
  assert.deepEqual(house.asked[1]?.request.messages.slice(-2), [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'add', arguments: '{"x":1}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: 'got {"x":1}' },
  ])
  assert.deepEqual(
    house.events.map(({ type }) => type),
    ['step-start', 'tool-call', 'step-end', 'tool-result', 'step-start', 'text-delta', 'step-end'],
  )
})

test('an answer that breaks off is asked for anew, and readers are told from where', async () => {
  const house = scriptedRun({
    scripts: [[chunk({ content: 'Half' }), broke], says('Whole')],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'Whole')
  assert.deepEqual(house.events.slice(0, 4), [
    { type: 'step-start', step: 1, provider: 'first', model: 'model' },
    { type: 'text-delta', step: 1, text: 'Half' },
    { type: 'step-restart', step: 1, after: 1, provider: 'first', model: 'model' },
    { type: 'text-delta', step: 1, text: 'Whole' },
  ])
  assert.deepEqual(
    house.steps().map(({ status }) => status),
    ['failed', 'done'],
  )
  assert.deepEqual(house.asked[1]?.request, house.asked[0]?.request, 'no half an answer is left over')
})

test('an answer that breaks off again and again fails the run with what there was of it', async () => {
  const half = [chunk({ content: 'Half' }), broke]
  const house = scriptedRun({ scripts: [half, half, half] })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'failed')
  assert.deepEqual(outcome.kind === 'failed' && [outcome.error, outcome.output], [broke, 'Half'])
})

test('what asking again cannot help is not asked again', async () => {
  const refused = new Problem('provider-refused', 'Too long.')
  const house = scriptedRun({ scripts: [[chunk({ content: 'Half' }), refused]] })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'failed' && outcome.error, refused)
  assert.equal(house.steps()[0]?.error, 'Too long.')
})

test('where another model stands in, readers are told which one speaks', async () => {
  const house = scriptedRun({
    config: { fallbacks: ['second/other'] },
    dead: ['first'],
    scripts: [says('Hi')],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'done')
  assert.deepEqual(house.events.slice(0, 3), [
    { type: 'step-start', step: 1, provider: 'first', model: 'model' },
    { type: 'step-restart', step: 1, after: 1, provider: 'second', model: 'other' },
    { type: 'text-delta', step: 1, text: 'Hi' },
  ])
  assert.equal(house.steps()[0]?.name, 'second/other')
})

test('a run ends at the limits of its agent', async t => {
  const again = calls(['a', 'go', '{}'])
  const go = [tool({ name: 'go' })]
  await t.test('of steps', async () => {
    const house = scriptedRun({ config: { limits: { max_steps: 2 } }, scripts: [again, again], tools: go })
    const outcome = await house.go()
    assert.equal(outcome.kind === 'done' && outcome.stopped, 'steps')
  })
  await t.test('of tokens', async () => {
    const house = scriptedRun({
      config: { limits: { max_total_tokens: 100 } },
      scripts: [[...again, usage(90, 10)]],
      tools: go,
    })
    const outcome = await house.go()
    assert.equal(outcome.kind === 'done' && outcome.stopped, 'tokens')
  })
  await t.test('of seconds, in the middle of an answer', async () => {
    const house = scriptedRun({
      config: { limits: { max_seconds: 5 } },
      scripts: [[chunk({ content: 'Slowly' }), () => house.clock.turn(5000), chunk({ content: ' on' })]],
    })
    const outcome = await house.go()
    assert.deepEqual(outcome.kind === 'done' && [outcome.stopped, outcome.output], ['seconds', 'Slowly'])
  })
  await t.test('of seconds, in the middle of a tool', async () => {
    const house = scriptedRun({
      config: { limits: { max_seconds: 5 } },
      scripts: [again],
      tools: [
        tool({
          name: 'go',
          call: async () => {
            house.clock.turn(5000)
            return new Promise(() => {})
          },
        }),
      ],
    })
    const outcome = await house.go()
    assert.equal(outcome.kind === 'done' && outcome.stopped, 'seconds')
    assert.equal(house.lastTool()?.status, 'failed')
  })
})

test('the time a person takes to answer is none of the seconds of a run', async () => {
  const ask = tool({ name: 'ask', needsApproval: true })
  const house = scriptedRun({
    config: { limits: { max_seconds: 5 } },
    scripts: [
      [() => house.clock.turn(3000), ...calls(['a', 'ask', '{}'])],
      [chunk({ content: 'Thanks' }), () => house.clock.turn(2000), chunk({ content: ' a lot' })],
    ],
    tools: [ask],
  })
  assert.equal((await house.go()).kind, 'waiting')
  house.clock.turn(3_600_000)
  const outcome = await house.go({
    attempt: 2,
    approvals: [
      { id: '1', step: 1, callId: 'a', reason: 'approval', answer: { approved: true, note: null } },
    ],
  })
  assert.equal(house.lastTool()?.status, 'done')
  assert.deepEqual(outcome.kind === 'done' && [outcome.stopped, outcome.output], ['seconds', 'Thanks'])
})

test('a cancelled run stops in the middle and keeps what there was', async () => {
  const stop = new AbortController()
  const house = scriptedRun({
    scripts: [
      [chunk({ content: 'Once upon' }), () => stop.abort('cancelled'), chunk({ content: ' a time' })],
    ],
  })
  const outcome = await house.go({ signal: stop.signal })
  assert.deepEqual(outcome.kind === 'cancelled' && outcome.output, 'Once upon')
  assert.equal(house.steps()[0]?.status, 'failed')
})

test('a run that another process has taken writes nothing more', async () => {
  const stop = new AbortController()
  const house = scriptedRun({ scripts: [[chunk({ content: 'Once' }), () => stop.abort('lost')]] })
  const outcome = await house.go({ signal: stop.signal })
  assert.equal(outcome.kind, 'left')
  assert.equal(house.checkpoints(), 0)
})

test('a light run over its time finishes the step it is in and is for a worker then', async () => {
  const house = scriptedRun({
    scripts: [[() => house.clock.turn(61_000), ...calls(['a', 'go', '{}'])], says('Done')],
    tools: [tool({ name: 'go' })],
  })
  const outcome = await house.go()
  assert.deepEqual(outcome.kind === 'promote' && outcome.reason, 'time')
  assert.equal(house.steps().at(-1)?.status, 'done')
  const after = await house.go({ mode: 'worker', attempt: 2 })
  assert.equal(after.kind === 'done' && after.output, 'Done')
  assert.equal(house.asked.length, 2, 'no step is done twice')
})

test('a heavy tool is begun on a worker only', async () => {
  let called = 0
  const heavy = tool({
    name: 'train',
    isHeavy: true,
    call: async () => {
      called += 1
      return 'trained'
    },
  })
  const house = scriptedRun({ scripts: [calls(['a', 'train', '{}']), says('Done')], tools: [heavy] })
  const outcome = await house.go()
  assert.deepEqual([outcome.kind === 'promote' && outcome.reason, called], ['heavy-tool', 0])
  assert.equal((await house.go({ mode: 'worker', attempt: 2 })).kind, 'done')
  assert.equal(called, 1)
})

test('an answer that does not keep to the schema is asked for once more, with what is wrong', async () => {
  const output_schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] }
  const house = scriptedRun({
    config: { output_schema },
    scripts: [says('{"age":"old"}'), says('{"age":7}')],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'done' && outcome.output, '{"age":7}')
  const asked = house.asked[1]?.request
  assert.match(JSON.stringify(asked?.messages.at(-1)), /answer\/age must be integer/)
  assert.deepEqual(asked?.response_format, {
    type: 'json_schema',
    json_schema: { name: 'answer', schema: output_schema },
  })
})

test('an answer that never keeps to the schema fails the run', async () => {
  const house = scriptedRun({
    config: { output_schema: { type: 'object' } },
    scripts: [says('Sure!'), says('Here you are')],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'failed')
  assert.equal(
    outcome.kind === 'failed' && outcome.error instanceof Problem && outcome.error.code,
    'output-invalid',
  )
})

test('what a run was told is in the conversation of the next attempt, and nothing is asked again', async () => {
  const stop = new AbortController()
  const house = scriptedRun({
    scripts: [
      calls(['a', 'go', '{}']),
      [chunk({ content: 'Half an ans' }), () => stop.abort('handed-back')],
      says('The answer'),
    ],
    tools: [tool({ name: 'go' })],
  })
  assert.equal((await house.go({ signal: stop.signal })).kind, 'left')
  const outcome = await house.go({ attempt: 2 })
  assert.equal(outcome.kind === 'done' && outcome.output, 'The answer')
  assert.equal(house.asked.length, 3)
  assert.deepEqual(house.asked[2]?.request, house.asked[1]?.request)
})

test('a run that had ended but was not closed is closed without another word', async () => {
  const house = scriptedRun({ scripts: [says('Hi')] })
  await house.go()
  const outcome = await house.go({ attempt: 2 })
  assert.equal(outcome.kind === 'done' && outcome.output, 'Hi')
  assert.equal(house.asked.length, 1)
})

test('no reader sees a word before the place it is said at is durable', async () => {
  const house = scriptedRun({ scripts: [says('Hi')] })
  const flushing = Promise.withResolvers<void>()
  house.holdFlush(flushing.promise)
  const running = house.go()
  await until(() => house.asked.length === 1, 'the model is asked meanwhile')
  assert.deepEqual(
    house.events.map(({ type }) => type),
    ['step-start'],
  )
  flushing.resolve()
  assert.equal((await running).kind, 'done')
})

test('thoughts and refusals are told as what they are', async () => {
  const house = scriptedRun({
    scripts: [[chunk({ reasoning_content: 'Hm.' }), chunk({ refusal: 'No.' }), ends('stop')]],
  })
  const outcome = await house.go()
  assert.equal(outcome.kind === 'done' && outcome.output, 'No.')
  assert.deepEqual(house.events[1], { type: 'reasoning-delta', step: 1, text: 'Hm.' })
})

test('an answer that never ends fails the run before it fills the memory', async () => {
  const endless = Array.from({ length: 5 }, () => chunk({ content: 'x'.repeat(1_000_000) }))
  const house = scriptedRun({ scripts: [endless] })
  const outcome = await house.go()
  assert.equal(outcome.kind, 'failed')
  assert.equal(
    outcome.kind === 'failed' && outcome.error instanceof Problem && outcome.error.code,
    'output-invalid',
  )
})
