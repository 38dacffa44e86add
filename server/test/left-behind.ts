import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { modelList } from '@roundhouse/sdk/contract'
import type { TestHouse } from '../src/testing/house.ts'

/** What is there: the versions that the API lists, and the files of the store with those still being written. */
export async function inventory(
  house: TestHouse,
  dataDir: string,
): Promise<{ models: string[]; files: string[] }> {
  const response = await house.fetch('/api/v1/models?limit=100')
  const models = modelList.parse(await response.json()).data
  const entries = await readdir(join(dataDir, 'files'), { recursive: true, withFileTypes: true })
  return {
    models: models.map(({ id, status }) => `${id} ${status}`).sort(),
    files: entries
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort(),
  }
}

/** Waits until nothing is there but what was before, as it may take a moment after the answer; 5 s at most. */
export async function nothingLeft(
  house: TestHouse,
  dataDir: string,
  before: Awaited<ReturnType<typeof inventory>>,
): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    const now = await inventory(house, dataDir)
    if (JSON.stringify(now) === JSON.stringify(before)) return
    if (performance.now() > deadline) assert.deepEqual(now, before)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
