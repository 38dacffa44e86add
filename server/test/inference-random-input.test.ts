import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { problemBody } from '@roundhouse/sdk/contract'
import fc from 'fast-check'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { identityModel, twoByTwoModel } from '../src/testing/onnx/models.ts'

describe('what nobody would send on purpose', () => {
  let house: TestHouse
  const ids: Record<string, string> = {}

  before(async () => {
    house = await testHouse({ after() {} })
    for (const datatype of ['INT32', 'INT64', 'FP32', 'BOOL'] as const) {
      ids[datatype] = (await house.pushed(datatype, identityModel(datatype, ['N', 2]))).id
    }
    ids.BYTES = (await house.pushed('BYTES', identityModel('BYTES', ['N']))).id
    ids.two = (await house.pushed('two', twoByTwoModel())).id
  })
  after(() => house?.close())

  test('random bytes and random JSON are never an error of ours', async () => {
    const isRefusedOrRight = async (surface: 'inference' | 'roundhouse', response: Response) => {
      const text = await response.text()
      assert(response.status < 500 || response.status === 501, `${response.status}: ${text}`)
      if (response.status < 300) return
      if (surface === 'inference') assert.deepEqual(Object.keys(JSON.parse(text)), ['error'])
      else problemBody.strict().parse(JSON.parse(text))
    }
    const both = async (model: string, body: Uint8Array | string, headers: Record<string, string> = {}) => {
      const init = { method: 'POST', headers, body: typeof body === 'string' ? body : Buffer.from(body) }
      await isRefusedOrRight('inference', await house.fetch(`/v2/models/${model}/infer`, init))
      await isRefusedOrRight('roundhouse', await house.fetch(`/api/v1/models/${ids[model]}/predict`, init))
    }
    const model = fc.constantFrom('INT32', 'INT64', 'FP32', 'BOOL', 'BYTES', 'two')
    const headerLength = fc.option(fc.oneof(fc.nat(64).map(String), fc.constantFrom('0', '-1', 'x')))
    const headersOf = (length: string | null): Record<string, string> =>
      length === null ? {} : { 'inference-header-content-length': length }
    await fc.assert(
      fc.asyncProperty(model, fc.uint8Array({ maxLength: 64 }), headerLength, (name, bytes, length) =>
        both(name, bytes, headersOf(length)),
      ),
      { numRuns: 150 },
    )
    await fc.assert(
      fc.asyncProperty(model, fc.json(), (name, json) => both(name, json)),
      { numRuns: 100 },
    )
    // Nearly right: every field is what it should be, or anything.
    const anything = fc.jsonValue({ maxDepth: 2 })
    const nearly = <Value>(right: Value) =>
      fc.oneof({ arbitrary: fc.constant<unknown>(right), weight: 3 }, { arbitrary: anything, weight: 1 })
    const input = fc.record(
      {
        name: fc.oneof(nearly('x'), fc.constantFrom('a', 'b')),
        shape: fc.oneof(nearly([1, 2]), fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 4 })),
        datatype: fc.oneof(nearly('FP32'), fc.constantFrom('INT32', 'INT64', 'BOOL', 'BYTES', 'FP16')),
        data: nearly([1, 2]),
        parameters: nearly({ binary_data_size: 8 }),
      },
      { requiredKeys: [] },
    )
    const output = fc.record(
      { name: nearly('y'), parameters: nearly({ classification: 2 }) },
      { requiredKeys: [] },
    )
    const request = fc.record(
      {
        id: nearly('7'),
        inputs: fc.array(input, { maxLength: 3 }),
        outputs: fc.oneof(nearly([]), fc.array(output, { maxLength: 2 })),
        parameters: nearly({ binary_data_output: true }),
        input_data: fc.dictionary(fc.constantFrom('x', 'a', 'b'), nearly([[1, 2]])),
      },
      { requiredKeys: ['inputs'] },
    )
    await fc.assert(
      fc.asyncProperty(model, request, fc.boolean(), async (name, body, binary) => {
        const json = JSON.stringify(body)
        await both(
          name,
          binary ? `${json}12345678` : json,
          headersOf(binary ? String(Buffer.byteLength(json)) : null),
        )
      }),
      { numRuns: 250 },
    )
    assert.equal((await house.predict(ids.FP32 ?? '', { x: [[1, 2]] })).status, 201)
  })
})
