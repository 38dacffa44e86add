import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import {
  largeModel,
  loopModel,
  mlpModel,
  nonZeroModel,
  randomModel,
  stringModel,
} from '../../testing/onnx/models.ts'
import { createRandom } from '../../testing/onnx/random.ts'
import { graphOf, inspect, modelOf, refusal, refusalOf } from '../../testing/onnx/refusal.ts'
import { integers, model, node } from '../../testing/onnx/writer.ts'
import { inspectOnnx } from './inspect.ts'
import { createOnnxRuntime } from './runtime.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-inspect-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function write(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.onnx`)
  writeFileSync(path, bytes)
  return path
}

const identity = node('Identity', ['x'], ['y'])
const outside = {
  name: 'w',
  dims: [2],
  data_type: 1,
  data_location: 1,
  external_data: [{ key: 'location', value: '/etc/passwd' }],
}

describe('what a file is', () => {
  test('tells producer, versions, size and metadata of a model', () => {
    const facts = inspect(
      model(graphOf([identity]), { author: 'A. Person' }, { producer_version: '1.2', doc_string: 'Echo.' }),
    )
    assert.deepEqual(facts, {
      format: 'onnx',
      properties: {
        author: 'A. Person',
        producer: 'roundhouse',
        producer_version: '1.2',
        doc: 'Echo.',
        graph: 'main',
        ir_version: '8',
        opset: 'ai.onnx 13, ai.onnx.ml 3',
        nodes: '1',
      },
      deterministic: true,
      boundedCost: true,
      mayCrash: false,
      takesEmpty: true,
    })
  })

  test('leaves out metadata nobody could read, and zero characters', () => {
    const { properties } = inspect(model(graphOf([identity]), { long: 'x'.repeat(20_000), zero: 'a\0b' }))
    assert.equal(properties.long, undefined)
    assert.equal(properties.zero, 'a\ufffdb')
  })

  test('knows models whose answers may be cached from those with chance in them', () => {
    assert.equal(inspect(mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })).deterministic, true)
    assert.equal(inspect(randomModel()).deterministic, false)
    const training = (mode: number) => ({
      name: 'mode',
      dims: [],
      data_type: 9,
      raw_data: new Uint8Array([mode]),
    })
    const dropout = node('Dropout', ['x', '', 'mode'], ['y'])
    assert.equal(inspect(modelOf([dropout], [training(1)])).deterministic, false)
    assert.equal(inspect(modelOf([dropout], [training(0)])).deterministic, true)
    assert.equal(inspect(modelOf([dropout])).deterministic, false, 'a mode that is not constant')
    assert.equal(inspect(modelOf([node('Dropout', ['x'], ['y'])])).deterministic, true)
  })

  test('finds chance inside a branch and inside a function', () => {
    const branch = { graph: graphOf([node('RandomNormalLike', ['x'], ['y'])]) }
    const choose = node('If', ['go'], ['y'], { then_branch: branch, else_branch: branch })
    assert.equal(inspect(modelOf([choose])).deterministic, false)
    const noise = {
      name: 'Noise',
      domain: 'mine',
      input: ['x'],
      output: ['y'],
      node: [node('Bernoulli', ['x'], ['y'])],
    }
    const call = node('Noise', ['x'], ['y'], {}, 'mine')
    assert.equal(inspect(modelOf([call], [], { functions: [noise] })).deterministic, false)
  })

  test('knows models whose cost follows from the shapes from those where a value decides', () => {
    assert.equal(inspect(mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })).boundedCost, true)
    assert.equal(inspect(stringModel()).boundedCost, true)
    assert.equal(inspect(loopModel()).boundedCost, false)
    assert.equal(inspect(nonZeroModel()).boundedCost, false)
    const twice = {
      name: 'Twice',
      domain: 'mine',
      input: ['x'],
      output: ['y'],
      node: [node('Add', ['x', 'x'], ['y'])],
    }
    assert.equal(
      inspect(modelOf([node('Twice', ['x'], ['y'], {}, 'mine')], [], { functions: [twice] })).boundedCost,
      true,
    )
  })
})

describe('what is not ONNX', () => {
  const others: [string, Uint8Array | string, RegExp][] = [
    ['an empty file', '', /empty/],
    ['a pickle', Buffer.from([0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x2e]), /pickle/],
    ['a zip of PyTorch', 'PK\x03\x04model/DATA.PKL', /PyTorch/],
    ['Keras HDF5', Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1'), /HDF5/],
    ['GGUF', 'GGUF\x03\0\0\0', /GGUF/],
    ['safetensors', '\x10\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}', /safetensors/],
    ['TensorFlow Lite', '\x1c\0\0\0TFL3\0\0', /TensorFlow Lite/],
    ['an ORT file', '\x18\0\0\0ORTM\0\0', /ORT/],
    ['an HTML page', '<!DOCTYPE html><html>Not found</html>', /HTML/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0', /git lfs pull/],
    ['JSON', '{"graph": []}', /JSON/],
    ['text', 'hello, world', /not an ONNX model/],
    ['zeros', new Uint8Array(1000), /not an ONNX model/],
  ]
  for (const [name, bytes, expected] of others) {
    test(`refuses ${name} and says what it is`, () => assert.match(refusal(bytes), expected))
  }

  test('refuses a model without a graph, and one without an opset', () => {
    assert.match(refusal(model(graphOf([identity]), {}, { graph: null })), /no graph/)
    assert.match(refusal(model(graphOf([identity]), {}, { opset_import: [] })), /opset/)
  })

  test('refuses a file cut off at any byte of its graph', () => {
    const whole = mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 })
    const path = write(whole)
    for (let length = 1; length < whole.length - 40; length++) {
      writeFileSync(path, whole.subarray(0, length))
      assert.match(refusalOf(path), /truncated|not an ONNX model/, `cut at ${length}`)
    }
  })

  test('meets damaged bytes with a sentence or not at all', () => {
    const whole = Buffer.from(loopModel())
    const random = createRandom(1)
    const path = write(whole)
    let refused = 0
    for (let attempt = 0; attempt < 1000; attempt++) {
      const damaged = Buffer.from(whole)
      for (let flip = 0; flip < 3; flip++)
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256)
      writeFileSync(path, damaged)
      try {
        inspectOnnx(path)
      } catch (error) {
        assert.ok(isProblem(error) && error.code === 'invalid-model', String(error))
        refused++
      }
    }
    assert.ok(refused > 200, `${refused}`)
  })
})

describe('what reaches outside the file', () => {
  const sparse = { values: outside, indices: integers('i', [0]), dims: [2] }
  const inBranch = node('If', ['go'], ['y'], { then_branch: { graph: graphOf([identity], [outside]) } })
  const inFunction = {
    name: 'F',
    domain: 'mine',
    node: [node('Constant', [], ['y'], { value: { tensor: outside } })],
  }
  const places: [string, Uint8Array][] = [
    ['a constant', modelOf([identity], [outside])],
    ['a constant that only names a file', modelOf([identity], [{ ...outside, data_location: 0 }])],
    ['a constant that only says so', modelOf([identity], [{ ...outside, external_data: [] }])],
    ['an attribute', modelOf([node('Constant', [], ['y'], { value: { tensor: outside } })])],
    ['a branch', modelOf([inBranch])],
    ['a sparse constant', model({ ...graphOf([identity]), sparse_initializer: [sparse] })],
    [
      'a sparse attribute',
      modelOf([{ op_type: 'Constant', output: ['y'], attribute: [{ name: 'v', sparse_tensor: sparse }] }]),
    ],
    ['a function', modelOf([identity], [], { functions: [inFunction] })],
    [
      'training data',
      modelOf([identity], [], { training_info: [{ algorithm: graphOf([identity], [outside]) }] }),
    ],
  ]
  for (const [name, bytes] of places) {
    test(`refuses data in another file in ${name}`, () => assert.match(refusal(bytes), /another file/))
  }

  test('refuses links, folders and pipes, also those that point at a good model', () => {
    const good = write(modelOf([identity]))
    const symbolic = join(folder, 'symbolic.onnx')
    symlinkSync(good, symbolic)
    assert.match(refusalOf(symbolic), /regular file/)
    const hard = join(folder, 'hard.onnx')
    linkSync(good, hard)
    assert.match(refusalOf(hard), /regular file/)
    const pipe = join(folder, 'pipe.onnx')
    execFileSync('mkfifo', [pipe])
    assert.match(refusalOf(pipe), /regular file/)
    const directory = join(folder, 'folder.onnx')
    mkdirSync(directory)
    assert.match(refusalOf(directory), /regular file/)
  })
})

test('reads large files in a thread, to the same end', async () => {
  const runtime = createOnnxRuntime({ log: silentLog })
  const whole = largeModel(8 * 1024 * 1024)
  const path = write(whole)
  assert.deepEqual(await runtime.inspect(path), inspectOnnx(path))
  const cut = write(whole.subarray(0, 1_000_000))
  const expected = refusalOf(cut)
  await assert.rejects(runtime.inspect(cut), error => isProblem(error) && error.message === expected)
})
