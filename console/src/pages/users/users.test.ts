import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expiry } from '../keys/scope-words.ts'
import { actInWords } from './audit-words.ts'
import { reasonInWords, workOf } from './ledger-words.ts'
import { limitInWords, planInWords } from './plan-words.ts'
import { usageTotals } from './usage-words.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'

test('a line of the ledger leads to the run or job that it paid for', () => {
  assert.deepEqual(workOf(`run:${id}`), { kind: 'run', id })
  assert.deepEqual(workOf(`run:${id}:3:20`), { kind: 'run', id })
  assert.deepEqual(workOf(`job:${id}`), { kind: 'job', id })
  assert.equal(reasonInWords(`run ${id}`), 'run')
  assert.equal(reasonInWords('welcome'), 'welcome')
  for (const other of ['month:2026-11', `prediction:${id}`, 'run:none'])
    assert.equal(workOf(other), undefined)
})

test('acts are said in words, also those of a later version', () => {
  assert.equal(actInWords({ action: 'credit-grant', details: { amount: -50 } }), 'Took back 50 credits')
  assert.equal(actInWords({ action: 'user-update', details: {} }), 'Changed a user')
  assert.equal(actInWords({ action: 'moon-land', details: {} }), 'moon land')
})

test('a plan without limits says so', () => {
  assert.equal(limitInWords(null, 'bytes'), 'no limit')
  assert.equal(limitInWords(2 ** 30, 'bytes'), '1 GiB')
  const unlimited = {
    name: 'unlimited',
    requests_per_minute: null,
    requests_per_hour: null,
    concurrent_runs: null,
    starting_credits: 5,
    monthly_credits: 0,
    max_models: null,
    max_model_bytes: null,
    max_file_bytes: null,
  }
  assert.match(planInWords(unlimited), /^requests without limit, runs without limit/)
})

test('a key ends after its lifetime, or never', () => {
  assert.equal(expiry('7', 0), '1970-01-08T00:00:00.000Z')
  assert.equal(expiry('', 0), null)
})

test('totals of a time are the sums of its rows', () => {
  const row = {
    key: 'a',
    name: null,
    runs: 1,
    calls: 2,
    input_tokens: 3,
    output_tokens: 4,
    credits: 5,
    cost_micros: 6,
    errors: 7,
    first_token_ms_p50: null,
  }
  assert.deepEqual(usageTotals([row, row]), {
    runs: 2,
    calls: 4,
    tokens: 14,
    credits: 10,
    cost: 12,
    errors: 14,
  })
})
