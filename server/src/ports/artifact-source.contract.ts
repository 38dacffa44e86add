import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { Scope } from '../testing/defer.ts'
import type { ArtifactAddress, ArtifactSource } from './artifact-source.ts'

/** What is tested, and how an object gets there. */
export type ArtifactSubject = {
  source: ArtifactSource
  /** The bucket `models` is there. */
  put(address: ArtifactAddress, content: string): Promise<void>
}

/** Runs the promises of the port on an adapter; `open` makes one with an empty bucket `models`. */
export function testArtifactSourceContract(
  label: string,
  open: (scope: Scope) => Promise<ArtifactSubject>,
): void {
  const { signal } = new AbortController()

  test(`${label}: tells of an object, and gives its bytes from any place on`, async context => {
    const { source, put } = await open(context)
    const address = { bucket: 'models', path: 'prod/price.onnx' }
    await put(address, 'some bytes')
    const facts = await source.stat(address, signal)
    assert.ok(facts)
    assert.equal(facts.sizeBytes, 10)
    assert.match(facts.sha256 ?? '0'.repeat(64), /^[0-9a-f]{64}$/)
    const { etag } = facts
    assert.equal(await text(await source.read(address, { start: 0, etag }, signal)), 'some bytes')
    assert.equal(await text(await source.read(address, { start: 5, etag }, signal)), 'bytes')
    assert.equal(await text(await source.read(address, { start: 9, etag }, signal)), 's')
  })

  test(`${label}: names are kept apart whatever they hold`, async context => {
    const { source, put } = await open(context)
    for (const path of ['a b.onnx', 'a+b.onnx', 'a/b.onnx', "a'(b)!.onnx"]) {
      await put({ bucket: 'models', path }, path)
    }
    for (const path of ['a b.onnx', 'a+b.onnx', 'a/b.onnx', "a'(b)!.onnx"]) {
      const facts = await source.stat({ bucket: 'models', path }, signal)
      assert.ok(facts, path)
      const stream = await source.read({ bucket: 'models', path }, { start: 0, etag: facts.etag }, signal)
      assert.equal(await text(stream), path)
    }
  })

  test(`${label}: an object or bucket that is not there is undefined`, async context => {
    const { source } = await open(context)
    assert.equal(await source.stat({ bucket: 'models', path: 'none.onnx' }, signal), undefined)
    assert.equal(await source.stat({ bucket: 'no-such-bucket', path: 'none.onnx' }, signal), undefined)
  })

  test(`${label}: another content is another etag, and the old one is refused with conflict`, async context => {
    const { source, put } = await open(context)
    const address = { bucket: 'models', path: 'price.onnx' }
    await put(address, 'before')
    const before = await source.stat(address, signal)
    await put(address, 'after!')
    const after = await source.stat(address, signal)
    assert.ok(before && after)
    assert.notEqual(before.etag, after.etag)
    await assert.rejects(source.read(address, { start: 3, etag: before.etag }, signal), { code: 'conflict' })
    assert.equal(await text(await source.read(address, { start: 3, etag: after.etag }, signal)), 'er!')
  })
}
