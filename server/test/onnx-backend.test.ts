import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  decodeInferResponse,
  encodeInferRequest,
  model as modelSchema,
  problemBody,
  type Tensor,
} from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { type BackendCase, backendCases } from './onnx-backend/cases.ts'
import { difference, usual } from './onnx-backend/compare.ts'
import { type Expectation, exceptions, expectationOf } from './onnx-backend/expected.ts'
import { findBackendCases } from './onnx-backend/package.ts'

const folder = findBackendCases()
const cases = folder === undefined ? [] : [...backendCases(folder)]
/** Of the Debian package libonnx-testdata 1.12.0; another version has other cases. */
const caseCount = 1072
const missing = `needs the ${caseCount} cases of the Debian package libonnx-testdata 1.12.0, found ${cases.length}`
const parts = 4
/** What 800 more models may leave behind: 80 to 140 MB were seen, of 500, with the garbage of two seconds in it. */
const growthBytes = 300e6
const exact = { absolute: 0, relative: 0 }

describe('the backend cases of the ONNX project', { skip: cases.length !== caseCount && missing }, () => {
  const answered = { equal: 0, inJson: 0, withLocale: 0 }
  let house: TestHouse
  let rssBytes = 0

  before(async () => {
    house = await testHouse({ after() {} }, { PREDICTION_HISTORY: 'off' })
  })
  after(() => house?.close())

  for (let part = 0; part < parts; part++) {
    test(`every model answers what the reference answers, or is on the list with its reason (part ${part + 1} of ${parts})`, async () => {
      const size = Math.ceil(cases.length / parts)
      const waiting = cases.slice(part * size, (part + 1) * size)
      const surprises: string[] = []
      const work = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          const surprise = await tryCase(next, expectationOf(next.name))
          if (surprise !== undefined) surprises.push(`${next.name}: ${surprise}`)
        }
      }
      await Promise.all([work(), work()])
      if (part === 0) rssBytes = process.memoryUsage.rss()
      assert.deepEqual(surprises, [])
    })
  }

  test('959 answer to the usual tolerance, and eight more where the machine has the locale they need', () => {
    const names = new Set(cases.map(({ name }) => name))
    const stale = [...exceptions.keys()].filter(name => !names.has(name))
    assert.deepEqual(stale, [])
    assert([0, 8].includes(answered.withLocale), `${answered.withLocale} of 8 had their locale`)
    assert.equal(answered.equal, 959 + answered.withLocale)
    assert(answered.inJson > 900, `${answered.inJson} answered in JSON`)
  })

  test('the memory of a thousand models comes back when they are removed', async () => {
    assert.deepEqual(await (await house.fetch('/v2/models')).json(), { models: [] })
    const grownBytes = process.memoryUsage.rss() - rssBytes
    assert(grownBytes < growthBytes, `${Math.round(grownBytes / 1e6)} MB more than after a quarter of them`)
  })

  /** Uploads, infers in both forms, removes. Returns what was not as expected. */
  async function tryCase(one: BackendCase, expected: Expectation): Promise<string | undefined> {
    const response = await house.push(one.name.replace('/', '.'), one.model)
    const reply: unknown = await response.json()
    const mayBeRefused = expected.kind === 'refused-without-locale' && response.status !== 201
    if (expected.kind === 'refused' || mayBeRefused) {
      if (response.status !== 422) return `the upload was answered ${response.status}`
      const { detail } = problemBody.parse(reply)
      return expected.sentence.test(detail) ? undefined : `refused with other words: ${detail}`
    }
    if (expected.kind === 'refused-without-locale') answered.withLocale++
    if (response.status !== 201) return `the upload was answered ${response.status}: ${JSON.stringify(reply)}`
    const model = modelSchema.parse(reply)
    const inputs = one
      .inputs()
      .map((tensor, index) => ({ ...tensor, name: model.input_schema?.[index]?.name ?? '' }))
    const surprise = await compareAnswers(model.name, inputs, one.outputs(), expected)
    const removed = await house.fetch(`/api/v1/models/${model.id}`, { method: 'DELETE' })
    return surprise ?? (removed.status === 204 ? undefined : `the removal was answered ${removed.status}`)
  }

  async function compareAnswers(
    name: string,
    inputs: Tensor[],
    wanted: Tensor[],
    expected: Expectation,
  ): Promise<string | undefined> {
    const binary = await infer(name, inputs, true)
    if (typeof binary === 'string') return binary
    const differs = difference(binary, wanted, expected.kind === 'equal' ? expected.tolerance : usual)
    if (expected.kind === 'random' || expected.kind === 'different') {
      const [got, form] = [binary, wanted].map(tensors =>
        tensors.map(({ datatype, shape }) => `${datatype}[${shape}]`).join(),
      )
      if (got !== form) return `answered ${got}, wanted ${form}`
      return differs === undefined && expected.kind === 'different' ? 'is no exception any more' : undefined
    }
    if (differs !== undefined) return `in binary, ${differs}`
    if (expected.kind !== 'equal' || expected.tolerance === usual) answered.equal++
    if ([...inputs, ...wanted].some(({ datatype }) => datatype === 'FP16')) return undefined
    const inJson = await infer(name, inputs, false)
    if (typeof inJson === 'string') return inJson
    const lost = difference(inJson, binary, exact)
    if (lost !== undefined) return `in JSON, unlike in binary, ${lost}`
    answered.inJson++
    return undefined
  }

  async function infer(name: string, inputs: Tensor[], binary: boolean): Promise<Tensor[] | string> {
    const { body, headerLength } = encodeInferRequest({ inputs, binary })
    const headers = new Headers()
    if (headerLength !== undefined) headers.set('inference-header-content-length', String(headerLength))
    const response = await house.fetch(`/v2/models/${name}/infer`, {
      method: 'POST',
      body: Buffer.from(body),
      headers,
    })
    if (response.status !== 200)
      return `inference (binary: ${binary}) was answered ${response.status}: ${await response.text()}`
    const jsonBytes = response.headers.get('inference-header-content-length')
    const answer = new Uint8Array(await response.arrayBuffer())
    return decodeInferResponse(answer, jsonBytes === null ? undefined : Number(jsonBytes)).outputs
  }
})
