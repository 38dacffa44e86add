import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { temporaryFolder } from '../../../testing/temporary-folder.ts'
import { createSpool } from './spool.ts'

for (const sizeBytes of [0, 1000, 5_000_000]) {
  test(`${sizeBytes} bytes are given as often as they are asked for, and leave no file`, async t => {
    const folder = await temporaryFolder(t)
    const bytes = randomBytes(sizeBytes)
    const spool = createSpool(folder)
    for (let at = 0; at < sizeBytes; at += 70_001) await spool.add(bytes.subarray(at, at + 70_001))
    assert.equal(spool.body.sizeBytes, sizeBytes)
    for (let time = 0; time < 2; time++)
      assert.ok((await buffer(Readable.from(spool.body.bytes()))).equals(bytes))
    assert.deepEqual(await readdir(folder), [])
    await spool.discard()
    await spool.discard()
  })
}
