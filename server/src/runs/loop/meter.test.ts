import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import fc from 'fast-check'
import { calls, chunk, ends, type Script, scriptedRun, tool, usage } from '../../testing/scripted-run.ts'

const broke = new Problem('provider-failed', 'The answer broke off.')

/** An answer, with what an upstream may do to it; true usage, none, or nonsense. */
const script = fc
  .record({
    texts: fc.array(fc.string({ maxLength: 30 }), { maxLength: 12 }),
    told: fc.option(fc.tuple(fc.integer({ min: -5, max: 5000 }), fc.integer({ min: -5, max: 5000 }))),
    end: fc.constantFrom('stop', 'length', 'tool', 'break'),
  })
  .map(({ texts, told, end }): Script => {
    const said = texts.map(content => chunk({ content }))
    const counted = told ? [usage(...told)] : []
    if (end === 'break') return [...said, ...counted, broke]
    return [...said, ...(end === 'tool' ? calls(['a', 'go', '{}']) : [ends(end)]), ...counted]
  })

const prices = fc.record({
  inputPrice: fc.integer({ min: 0, max: 2_000_000 }),
  outputPrice: fc.integer({ min: 0, max: 2_000_000 }),
})

test('whatever a model says, no step costs less than nothing or more than was held, and the run pays their sum', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 12, maxLength: 12 }),
      prices,
      fc.integer({ min: 0, max: 40_000 }),
      fc.option(fc.integer({ min: 1, max: 2000 })),
      fc.option(fc.integer({ min: 0, max: 5000 })),
      fc.integer({ min: 0, max: 50 }),
      async (scripts, priced, balance, max_tokens, max_credits, price) => {
        const house = scriptedRun({
          balance,
          prices: priced,
          config: { max_tokens, price, limits: { max_steps: 4, max_credits } },
          scripts,
          tools: [tool({ name: 'go' })],
        })
        // The ledger refuses what is negative or more than was held.
        const outcome = await house.go()
        const sum = house.steps().reduce((total, { credits }) => total + credits, 0)
        assert.equal(outcome.credits, sum)
        for (const { credits } of house.steps()) assert.ok(credits >= 0)
        house.ledger.end(outcome.credits)
        assert.equal(house.ledger.paid(), sum)
        assert.ok(sum <= balance)
        if (max_credits !== null) assert.ok(sum <= Math.max(max_credits, price))
      },
    ),
    { numRuns: 150 },
  )
})
