import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHouse } from '../testing/house.ts'
import { mlpModel } from '../testing/onnx/models.ts'

const file = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
const row = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] })

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

async function pushed(fetchAs: Fetch): Promise<string> {
  const form = new FormData()
  form.set('name', 'price')
  form.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'm.onnx')
  return ((await (await fetchAs('/api/v1/models', { method: 'POST', body: form })).json()) as { id: string })
    .id
}

test('models of one name and version are measured apart, and a user who removes theirs takes nobody else’s away', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  await pushed(house.fetch)
  const id = await pushed(user.fetch)
  const headers = { 'content-type': 'application/json' }
  for (const fetchAs of [house.fetch, user.fetch, user.fetch])
    assert.equal(
      (await fetchAs('/v2/models/price/infer', { method: 'POST', headers, body: row })).status,
      200,
    )
  const lines = async () => (await (await house.fetch('/metrics')).text()).split('\n')
  const has = async (line: string) => assert.ok((await lines()).includes(line), line)
  await has('roundhouse_model_run_duration_seconds_count{model="price",version="1"} 1')
  await has(`roundhouse_model_run_duration_seconds_count{model="${id}",version="1"} 2`)
  await has('roundhouse_model_queue_requests{model="price",version="1"} 0')
  await has(`roundhouse_model_queue_requests{model="${id}",version="1"} 0`)

  assert.equal((await user.fetch(`/api/v1/models/${id}`, { method: 'DELETE' })).status, 204)
  await has('roundhouse_model_run_duration_seconds_count{model="price",version="1"} 1')
  assert.deepEqual(
    (await lines()).filter(line => line.includes(id)),
    [],
  )
})
