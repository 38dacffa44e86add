import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Tensor } from '@roundhouse/sdk/contract'
import { createOnnxRuntime } from '../src/adapters/onnx/runtime.ts'
import { silentLog } from '../src/kit/log.ts'
import type { ModelSession } from '../src/ports/model-runtime.ts'
import { readDigits } from './digits.ts'
import { sample } from './sample.ts'
import { trainSample } from './train.ts'

const runtime = createOnnxRuntime({ log: silentLog })

test('training the sample again makes the same file to the byte', () => {
  assert.ok(Buffer.from(trainSample().bytes).equals(readFileSync(sample.path)))
})

test('the sample reads as many of the rows held out as its file and its page say', async () => {
  const { heldOut } = readDigits()
  const digits = await recognize(heldOut.map(row => row.pixels))
  const right = heldOut.filter((row, index) => row.digit === digits[index]).length
  const percent = `${((right / heldOut.length) * 100).toFixed(1)} %`
  assert.ok(right / heldOut.length >= 0.96, percent)

  const { properties, deterministic, boundedCost } = await runtime.inspect(sample.path)
  assert.equal(properties.accuracy, `${percent} on ${heldOut.length} rows held out`)
  assert.deepEqual({ deterministic, boundedCost }, { deterministic: true, boundedCost: true })
  const page = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
  assert.ok(
    page.includes(`**${percent}** on ${heldOut.length} rows it was never trained on (${right} right)`),
  )
})

test('the example of the sample is a row held out, is in the file, and is read rightly', async () => {
  const { training, heldOut } = readDigits()
  const same = (row: { pixels: readonly number[] }) => row.pixels.join() === sample.exampleInput.join()
  assert.deepEqual([training.filter(same).length, heldOut.find(same)?.digit], [0, sample.exampleDigit])
  assert.deepEqual(await recognize([sample.exampleInput]), [sample.exampleDigit])
  const { properties } = await runtime.inspect(sample.path)
  assert.deepEqual(JSON.parse(properties.example_input ?? ''), sample.exampleInput)
})

test('the probabilities of each row add up to one and the digit has the highest', async () => {
  const session = await runtime.openSession(sample.path, 'inline')
  const { outputs } = await run(session, [sample.exampleInput], ['probabilities'])
  const probabilities = Array.from(outputs[0]?.data ?? [], Number)
  assert.ok(Math.abs(probabilities.reduce((sum, probability) => sum + probability, 0) - 1) < 1e-5)
  assert.equal(probabilities.indexOf(Math.max(...probabilities)), sample.exampleDigit)
  await session.close()
})

async function recognize(images: readonly (readonly number[])[]): Promise<number[]> {
  const session = await runtime.openSession(sample.path, 'inline')
  const { outputs } = await run(session, images, ['digit'])
  await session.close()
  return Array.from(outputs[0]?.data ?? [], Number)
}

function run(session: ModelSession, images: readonly (readonly number[])[], outputs: readonly string[]) {
  const pixels: Tensor = {
    name: 'pixels',
    datatype: 'FP32',
    shape: [images.length, 64],
    data: Float32Array.from(images.flat()),
  }
  return session.run([pixels], outputs)
}
