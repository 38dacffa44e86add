import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { markAsUntransferable } from 'node:worker_threads'
import {
  decodeInferResponse,
  encodeInferRequest,
  isProblem,
  type Signature,
  type Tensor,
} from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import type { InferenceAnswer, TensorCodec } from '../../ports/tensor-codec.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { until } from '../../testing/until.ts'
import { createTensorCodec } from './codec.ts'
import { operations } from './operations.ts'

const signature: Signature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [null, 4] },
    { name: 'id', datatype: 'INT64', shape: [null] },
    { name: 'word', datatype: 'BYTES', shape: [null] },
  ],
  outputs: [
    { name: 'y', datatype: 'FP32', shape: [null, 4] },
    { name: 'word', datatype: 'BYTES', shape: [null] },
  ],
}

function tensors(rows: number): Tensor[] {
  return [
    {
      name: 'x',
      datatype: 'FP32',
      shape: [rows, 4],
      data: Float32Array.from({ length: rows * 4 }, (_, index) => Math.fround(index / 7)),
    },
    {
      name: 'id',
      datatype: 'INT64',
      shape: [rows],
      data: BigInt64Array.from({ length: rows }, (_, index) => 2n ** 62n + BigInt(index)),
    },
    {
      name: 'word',
      datatype: 'BYTES',
      shape: [rows],
      data: Array.from({ length: rows }, (_, index) => `wörd ${index}`),
    },
  ]
}

function answer(rows: number, binary: boolean): InferenceAnswer {
  const [x, , word] = tensors(rows)
  assert.ok(x && word)
  return {
    modelName: 'm',
    modelVersion: '1',
    id: 'request-1',
    outputs: [{ ...x, name: 'y' }, word],
    requested: [
      { name: 'y', binary },
      { name: 'word', binary: false },
    ],
  }
}

function named(rows: number): Buffer {
  const [x, id, word] = tensors(rows)
  const list = (tensor: Tensor | undefined) => `[${[...(tensor?.data ?? [])].join()}]`
  const nested = Array.from({ length: rows }, (_, row) => [...(x?.data.slice(row * 4, row * 4 + 4) ?? [])])
  return Buffer.from(
    `{"input_data":{"x":${JSON.stringify(nested)},"id":${list(id)},"word":${JSON.stringify(word?.data)}},"skip_cache":true}`,
  )
}

function infer(rows: number, binary: boolean): { body: Uint8Array; headerLength: number | undefined } {
  const { body, headerLength } = encodeInferRequest({ inputs: tensors(rows), binary })
  return { body: typeof body === 'string' ? Buffer.from(body) : body, headerLength }
}

const workers = () => process.getActiveResourcesInfo().filter(name => /worker|messageport/i.test(name)).length

async function withCodec(work: (codec: TensorCodec) => Promise<void>): Promise<void> {
  const codec = createTensorCodec({ log: silentLog })
  try {
    await work(codec)
  } finally {
    await codec.close()
  }
}

test('small bodies are read and written at once, without a thread', async () => {
  const before = workers()
  await withCodec(async codec => {
    const { body } = infer(2, false)
    assert.deepEqual(
      codec.decodeInfer(body, undefined, signature),
      operations.decodeInfer(body, undefined, signature),
    )
    assert.ok(!(codec.decodeNamed(named(2), signature) instanceof Promise))
    assert.equal(typeof codec.encodeNamed(answer(2, false).outputs), 'string')
    assert.deepEqual(codec.encodeInfer(answer(2, false)), operations.encodeInfer(answer(2, false)))
    assert.equal(workers(), before)
  })
})

test('large binary tensors are read and written at once: only their JSON part counts', async () => {
  await withCodec(async codec => {
    const data = Float32Array.from({ length: 400_000 }, (_, index) => index)
    const y: Tensor = { name: 'y', datatype: 'FP32', shape: [100_000, 4], data }
    const encoded = codec.encodeInfer({
      modelName: 'm',
      modelVersion: '1',
      outputs: [y],
      requested: [{ name: 'y', binary: true }],
    })
    assert.ok(!(encoded instanceof Promise) && encoded.body instanceof Uint8Array)
    assert.deepEqual(decodeInferResponse(encoded.body, encoded.headerLength).outputs, [y])
    const { body, headerLength } = infer(100_000, true)
    const decoded = codec.decodeInfer(body, headerLength, signature)
    assert.ok(!(decoded instanceof Promise))
  })
})

test('large JSON goes to a thread and gives the same as small JSON would, both ways and in both forms', async () => {
  await withCodec(async codec => {
    const { body } = infer(20_000, false)
    const expected = operations.decodeInfer(body, undefined, signature)
    const decoded = codec.decodeInfer(body, undefined, signature)
    assert.ok(decoded instanceof Promise)
    assert.deepEqual(await decoded, expected)

    const request = codec.decodeNamed(named(20_000), signature)
    assert.ok(request instanceof Promise)
    assert.deepEqual(await request, operations.decodeNamed(named(20_000), signature))
    assert.deepEqual((await request).inputs, tensors(20_000))

    for (const binary of [false, true]) {
      const encoded = codec.encodeInfer(answer(20_000, binary))
      assert.ok(encoded instanceof Promise)
      assert.deepEqual(await encoded, operations.encodeInfer(answer(20_000, binary)))
    }
    const { outputs } = answer(20_000, false)
    const text = codec.encodeNamed(outputs)
    assert.ok(text instanceof Promise)
    assert.equal(await text, operations.encodeNamed(outputs))
    assert.equal(outputs[0]?.data.length, 80_000, 'the tensors still belong to the caller')
  })
})

test('a body that lies within a larger buffer is read by its own bytes, and the buffer stays', async () => {
  await withCodec(async codec => {
    const body = named(5000)
    const around = Buffer.alloc(body.length + 200, '}')
    around.set(body, 100)
    const { inputs } = await codec.decodeNamed(around.subarray(100, 100 + body.length), signature)
    assert.deepEqual(inputs, tensors(5000))
    assert.ok(body.equals(around.subarray(100, 100 + body.length)))
  })
})

test('a large body is handed to the thread, not copied, unless its memory may not leave', async () => {
  await withCodec(async codec => {
    const body = named(5000)
    const kept = named(5000)
    assert.ok(kept.buffer instanceof ArrayBuffer)
    markAsUntransferable(kept.buffer)
    const decoded = [codec.decodeNamed(body, signature), codec.decodeNamed(kept, signature)]
    assert.equal(body.byteLength, 0)
    assert.ok(kept.byteLength > 0)
    for (const { inputs } of await Promise.all(decoded)) assert.deepEqual(inputs, tensors(5000))
  })
})

test('a small body does not wait for a large one that came before it', async () => {
  await withCodec(async codec => {
    await Promise.all([codec.decodeNamed(named(2000), signature), codec.decodeNamed(named(2000), signature)])
    const order: string[] = []
    const read = async (name: string, body: Uint8Array) => {
      await codec.decodeNamed(body, signature)
      order.push(name)
    }
    const [large, small] = [named(100_000), named(2000)]
    await Promise.all([read('large', large), read('small', small)])
    assert.deepEqual(order, ['small', 'large'])
  })
})

test('while 256 MB wait to be read a further body is refused with the time to try again, and taken later', async () => {
  await withCodec(async codec => {
    const body = () => Buffer.alloc(64 * 1024 * 1024)
    const waiting = Array.from({ length: 4 }, () =>
      failureOf(async () => codec.decodeNamed(body(), signature)),
    )
    for (const read of [
      () => codec.decodeNamed(named(5000), signature),
      () => codec.decodeInfer(infer(5000, false).body, undefined, signature),
    ]) {
      const { code, retryAfterSeconds } = await failureOf(async () => read())
      assert.deepEqual([code, retryAfterSeconds], ['model-overloaded', 1])
    }
    for (const { code } of await Promise.all(waiting)) assert.equal(code, 'invalid-json')
    assert.equal((await codec.decodeNamed(named(5000), signature)).inputs.length, 3)
  })
})

test('large JSON in front of binary tensors is read in a thread, the binary part too', async () => {
  await withCodec(async codec => {
    const [x, id, word] = tensors(10_000)
    assert.ok(x && id && word && !Array.isArray(x.data))
    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          { ...x, data: undefined, parameters: { binary_data_size: x.data.byteLength } },
          { ...id, data: Array.from(id.data, Number) },
          word,
        ],
      }).replaceAll('4611686018427388000', '7'),
    )
    const body = Buffer.concat([json, new Uint8Array(x.data.buffer)])
    const decoded = codec.decodeInfer(body, json.length, signature)
    assert.ok(decoded instanceof Promise)
    const { inputs } = await decoded
    assert.deepEqual(inputs[0], x)
    assert.deepEqual(inputs[2], word)
  })
})

test('a fault in a large body is told with the code and text it has in a small one', async () => {
  await withCodec(async codec => {
    const broken = () => Buffer.concat([named(5000).subarray(0, -1), Buffer.from('!')])
    const unknown = () => Buffer.from(`{"input_data":{},"nonsense":1${' '.repeat(70_000)}}`)
    const many: Tensor = { ...(tensors(5000)[2] ?? assert.fail()), name: 'y' }
    const lone = { ...many, data: (many.data as string[]).with(4000, '\ud800') }
    const cases: [string, () => unknown, () => unknown][] = [
      [
        'invalid-json',
        () => codec.decodeNamed(broken(), signature),
        () => operations.decodeNamed(broken(), signature),
      ],
      [
        'invalid-request',
        () => codec.decodeNamed(unknown(), signature),
        () => operations.decodeNamed(unknown(), signature),
      ],
      [
        'invalid-json',
        () => codec.decodeInfer(broken(), undefined, signature),
        () => operations.decodeInfer(broken(), undefined, signature),
      ],
      ['invalid-tensor', () => codec.encodeNamed([lone]), () => operations.encodeNamed([lone])],
    ]
    for (const [code, offloaded, inline] of cases) {
      const expected = await failureOf(async () => inline())
      const actual = await failureOf(async () => offloaded())
      assert.deepEqual([actual.code, actual.message], [code, expected.message])
    }
    assert.equal((await codec.decodeNamed(named(5000), signature)).inputs.length, 3, 'it goes on')
  })
})

async function failureOf(work: () => Promise<unknown>) {
  try {
    await work()
  } catch (error) {
    assert.ok(isProblem(error), String(error))
    return error
  }
  return assert.fail('it did not fail')
}

test('the event loop goes on turning while 4 MB of JSON are read', async () => {
  await withCodec(async codec => {
    await codec.decodeNamed(named(5000), signature)
    const body = named(50_000)
    assert.ok(body.length > 4e6)
    let pending = true
    const decoded = Promise.resolve(codec.decodeNamed(body, signature)).finally(() => {
      pending = false
    })
    let turns = 0
    for (; pending; turns++) await new Promise(resolve => setImmediate(resolve))
    assert.equal((await decoded).inputs[0]?.shape[0], 50_000)
    // Read on this thread there would be one or two.
    assert.ok(turns > 100, `${turns} turns`)
  })
})

test('several at once each get their own answer', async () => {
  await withCodec(async codec => {
    const sizes = [4000, 9000, 5000, 8000, 6000]
    const decoded = await Promise.all(
      sizes.map(async (rows, index) =>
        index % 2 === 0
          ? (await codec.decodeNamed(named(rows), signature)).inputs
          : (await codec.decodeInfer(infer(rows, false).body, undefined, signature)).inputs,
      ),
    )
    for (const [index, rows] of sizes.entries()) assert.deepEqual(decoded[index], tensors(rows))
  })
})

test('close answers what was begun, and leaves no thread', async () => {
  const before = workers()
  const codec = createTensorCodec({ log: silentLog })
  const begun = codec.decodeNamed(named(20_000), signature)
  assert.ok(workers() > before, 'the thread is seen')
  await codec.close()
  assert.equal((await begun).inputs.length, 3)
  await until(() => workers() === before, 'the thread has ended')
  await codec.close()
})

test('a process that has nothing else to do waits for the thread to close, and then ends by itself', async t => {
  const script = `
    import { createTensorCodec } from ${JSON.stringify(import.meta.resolve('./codec.ts'))}
    const codec = createTensorCodec({ log: console })
    const outputs = [{ name: 'y', datatype: 'BYTES', shape: [1], data: ['a'.repeat(100000)] }]
    console.log((await codec.encodeNamed(outputs)).length)
    await codec.close()
    console.log('closed')`
  const path = join(await temporaryFolder(t), 'main.mjs')
  await writeFile(path, script)
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=roundhouse-source', path], {
    timeout: 20_000,
  })
  assert.equal(stdout, `${'{"y":[""]}'.length + 100_000}\nclosed\n`)
})
