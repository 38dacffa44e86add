import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { describeCall } from './describe-call.ts'
import { snippet } from './snippets.ts'

const origin = 'http://localhost:3000'

test('a call of the SDK is told as curl that a shell reads as the same request, quotes and all', async () => {
  const name = `it's "$HOME" \`x\` \\ ü`
  const call = await describeCall(client => client.keys.create({ name, scopes: ['predict'] }))
  assert.ok(call)
  assert.deepEqual([call.method, call.path], ['POST', '/api/v1/keys'])
  const source = snippet('curl', call, origin)
  const script = `curl() { printf '%s\\0' "$@"; }\nROUNDHOUSE_KEY=rh_1\n${source}`
  const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
  assert.deepEqual(words.slice(0, 2), ['-s', `${origin}/api/v1/keys`])
  assert.ok(words.includes('Authorization: Bearer rh_1'), source)
  assert.ok(words.includes('content-type: application/json'), source)
  assert.deepEqual(JSON.parse(words.at(-1) ?? ''), { name, scopes: ['predict'] })
})

test('queries, methods and forms are told too, and nothing is sent', async () => {
  const list = await describeCall(client => client.models.list({ limit: 5, name: 'digits' }))
  assert.equal(list?.path, '/api/v1/models?limit=5&name=digits')
  assert.match(
    snippet('curl', list, origin),
    /^curl -s 'http:\/\/localhost:3000\/api\/v1\/models\?limit=5&name=digits' \\\n/,
  )
  const removal = await describeCall(client => client.keys.revoke('1'))
  assert.ok(removal)
  assert.match(snippet('curl', removal, origin), /-X DELETE/)
  assert.match(snippet('Python', removal, origin), /"DELETE"/)
  const events = await describeCall(client => client.runs.follow('1'))
  assert.ok(events)
  assert.match(snippet('curl', events, origin), /^curl -sN /)
})

test('the same call in TypeScript is a program, and in Python too', async () => {
  const call = await describeCall(client => client.models.predict('1', { x: [[1, 2]] }))
  assert.ok(call)
  const typeScript = snippet('TypeScript', call, origin)
  assert.match(typeScript, /body: JSON\.stringify\(\{"input_data":\{"x":\[\[1,2\]\]\}\}\)/)
  assert.match(snippet('Python', call, origin), /data='''\{"input_data":\{"x":\[\[1,2\]\]\}\}'''/)
})
