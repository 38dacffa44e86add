import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { type Caller, serviceCaller } from '../../accounts/caller.ts'
import { createCredits } from '../../credits/credits.ts'
import { newCaller } from '../../testing/callers.ts'
import { openReportsRoom } from '../../testing/reports-room.ts'
import { reportTool } from './report.ts'

const { database, common, files, reports } = await openReportsRoom({ after })
const credits = createCredits(common)
const root = serviceCaller('test')
const open = (caller: Caller) =>
  reportTool({ reports, files, credits, publicUrl: 'https://house.example' }, caller, { type: 'report' })
const contextOf = (caller: Caller, idempotencyKey: string) => ({
  caller,
  signal: new AbortController().signal,
  timeoutMs: 60_000,
  idempotencyKey,
  run: { id: 'run', agentId: 'agent', depth: 0 },
})

test('the form that a model fills in is small, without what the house sets', async () => {
  const { parameters } = await open(await newCaller(database.system))
  assert.deepEqual(parameters.required, ['title', 'forecast'])
  const { properties } = parameters
  assert.ok(typeof properties === 'object' && properties !== null)
  assert.deepEqual(
    ['logo', 'accent', 'forecast', 'key_figures'].map(name => name in properties),
    [false, false, true, true],
  )
  assert.ok(JSON.stringify(parameters).length < 5000, JSON.stringify(parameters))
})

test('a report made again is the same report, with the logo of its owner, and is paid once', async () => {
  const caller = await newCaller(database.system)
  await credits.grant(root, caller.userId ?? '', 100, 'gift')
  await credits.setPrices(root, new Map([['report', 5]]))
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
  const name = `${caller.userId}/logo.svg`
  const tool = await open(caller)
  const args = { title: 'Half: a town', unit: 'EUR', forecast: [{ label: '2027', value: 12345.5 }] }
  const plain = JSON.parse(await tool.call(args, contextOf(caller, 'a:1:0')))
  await files.objects.put(root, {
    bucket: 'agent-logos',
    name,
    contentType: 'image/svg+xml',
    upsert: true,
    source: Readable.from([Buffer.from(svg)]),
  })
  const again = JSON.parse(await tool.call(args, contextOf(caller, 'a:1:0')))
  assert.equal(again.report_id, plain.report_id)
  assert.match(
    again.url,
    /^https:\/\/house\.example\/storage\/v1\/object\/sign\/reports\/.*download=Half%20a%20town\.pdf$/,
  )
  const listed = await reports.list(caller, { beforeId: undefined, limit: 10 })
  assert.equal(listed.length, 1)
  const { stream } = await files.objects.open(caller, 'reports', listed[0]?.object_name ?? '')
  assert.ok((await buffer(stream)).subarray(0, 5).equals(Buffer.from('%PDF-')))
  const { ledger } = await credits.account(caller)
  assert.deepEqual(
    ledger.filter(({ amount }) => amount < 0).map(({ reason, amount }) => [reason, amount]),
    [['report forecast-report', -5]],
  )
})

test('data that the template does not take are told by the field, and a caller without the scope makes none', async () => {
  const caller = await newCaller(database.system)
  const tool = await open(caller)
  const wrong = { title: 'X', forecast: [{ label: '2027', value: 3, lower: 4 }] }
  await assert.rejects(tool.call(wrong, contextOf(caller, 'b:1:0')), /^Problem: data\.forecast\.0: Give both/)
  await assert.rejects(
    open({ ...caller, scopes: new Set(['agents']) }),
    error => isProblem(error) && error.code === 'forbidden',
  )
})
