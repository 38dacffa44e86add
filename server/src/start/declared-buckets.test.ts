import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketDeclaration } from '@roundhouse/sdk/config'
import { serviceCaller } from '../accounts/caller.ts'
import { testHouse } from '../testing/house.ts'
import { ensureBuckets } from './declared-buckets.ts'

test('declared buckets are made at start, changed to what is declared, and never removed', async context => {
  const buckets: BucketDeclaration[] = [
    {
      name: 'shared',
      public: true,
      file_size_limit: 1000,
      allowed_mime_types: ['image/*'],
      open_folders: true,
    },
    { name: 'plain' },
  ]
  const { house } = await testHouse(context, {}, { declared: { buckets } })
  const get = (id: string) => house.files.buckets.get(serviceCaller('test'), id)
  const shared = await get('shared')
  assert.deepEqual(
    [shared.public, shared.file_size_limit, shared.allowed_mime_types, shared.open_folders],
    [true, 1000, ['image/*'], true],
  )
  const plain = await get('plain')
  assert.deepEqual([plain.public, plain.file_size_limit, plain.open_folders], [false, null, false])

  await ensureBuckets(house.files.buckets, [{ name: 'shared', file_size_limit: null }])
  const changed = await get('shared')
  assert.deepEqual([changed.public, changed.file_size_limit, changed.open_folders], [true, null, true])
  assert.deepEqual(await get('plain'), plain)

  // Processes that start at once.
  await Promise.all([1, 2, 3].map(() => ensureBuckets(house.files.buckets, [{ name: 'once' }])))
  assert.equal((await get('once')).public, false)
})
