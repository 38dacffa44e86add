import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testHouse, testKey } from '../src/testing/house.ts'
import { identityModel, twoByTwoModel } from '../src/testing/onnx/models.ts'
import { findTritonClient, run } from './tritonclient/environment.ts'

const script = fileURLToPath(new URL('tritonclient/check.py', import.meta.url))

test('tritonclient, the reference client in Python, finds everything as it expects it', async t => {
  const client = await findTritonClient()
  if ('missing' in client) return t.skip(client.missing)
  const house = await testHouse(t)
  for (const name of ['two', 'moved', 'counted']) await house.pushed(name, twoByTwoModel())
  await house.pushed('echo', identityModel('BYTES', ['N']))
  await house.pushed('half', identityModel('FP16', ['N']))
  await house.pushed('long', identityModel('INT64', ['N']))
  const { code, printed } = await run(client.python, [script, new URL(house.url).host, testKey])
  assert.equal(code, 0, printed)
  assert.match(printed, /^Ran 11 tests in /m)
})
