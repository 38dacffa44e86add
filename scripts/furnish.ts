import { readFile } from 'node:fs/promises'
import { type Client, createClient } from '@roundhouse/sdk'
import { sample } from '../server/sample/sample.ts'

/** A server with some life in it: models that were called, agents that answered, jobs, files, reports. Gives the places to see. */
export async function furnish(baseUrl: string, setupToken: string): Promise<Record<string, string>> {
  const anyone = createClient({ baseUrl })
  const ada = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada Lovelace' }
  const { token } = await anyone.auth.setUp({ ...ada, token: setupToken })
  const client = createClient({ baseUrl, token })
  await anyone.auth.signUp({ ...ada, email: 'grace@example.com', name: 'Grace Hopper' })
  const model = await furnishModels(client)
  const { agent, run } = await furnishAgents(client)
  const job = await client.jobs.create({ model_id: model, input_data: { pixels: [sample.exampleInput] } })
  const report = await furnishReports(client)
  await client.files.buckets.create({ name: 'photos', public: true })
  await client.keys.create({ name: 'My app', scopes: ['predict'] })
  const { data: users } = await client.admin.users.list()
  const requestId = (await client.runs.get(run)).request_id
  return {
    Overview: '/',
    Models: '/models',
    Playground: `/models/${model}`,
    Versions: `/models/${model}/versions`,
    'Model-metrics': `/models/${model}/metrics`,
    Predictions: `/models/${model}/predictions`,
    'Model-settings': `/models/${model}/settings`,
    Agents: '/agents',
    Chat: `/agents/${agent}`,
    Builder: `/agents/${agent}/build`,
    'Agent-runs': `/agents/${agent}/runs`,
    Publish: `/agents/${agent}/publish`,
    Knowledge: `/agents/${agent}/knowledge`,
    Collections: '/collections',
    Runs: '/runs',
    Run: `/runs/${run}`,
    'Run-logs': `/runs/${run}?as=logs`,
    Jobs: '/jobs',
    Job: `/jobs/${job.id}`,
    Schedules: '/schedules',
    Files: '/files',
    Bucket: '/files/reports',
    Reports: '/reports',
    Report: `/reports/${report}`,
    Keys: '/keys',
    Account: '/account',
    Users: '/users',
    User: `/users/${users[0]?.id}`,
    Logs: '/logs',
    Request: `/requests/${requestId}`,
    Metrics: '/metrics-view',
    Providers: '/settings',
    Secrets: '/settings/secrets',
    Limits: '/settings/limits',
    Alerts: '/settings/alerts',
    Server: '/settings/server',
  }
}

async function furnishModels(client: Client): Promise<string> {
  const file = await readFile(sample.path)
  for (const version of ['1', '2']) await client.models.push(file, { name: 'handwriting', version })
  const { data } = await client.models.list({ name: 'digits' })
  const id = data[0]?.id ?? ''
  for (let call = 0; call < 40; call++) {
    const pixels = sample.exampleInput.map(pixel => (pixel + 2 * (call % 12)) % 17)
    await client.models.predict(id, { pixels: [pixels] })
  }
  return id
}

async function furnishAgents(client: Client): Promise<{ agent: string; run: string }> {
  const templates = await client.agents.templates()
  for (const { agent } of templates.slice(1)) await client.agents.create(agent)
  const helper = await client.agents.create({
    name: 'Helper',
    model: 'demo/demo',
    system_prompt: 'You help people who build with models.',
    tools: [{ type: 'time' }],
  })
  await client.agents.publish(helper.id)
  let run = ''
  for (const content of ['Hello, what can you do?', 'Please call time']) {
    const started = await client.runs.start(helper.id, { messages: [{ role: 'user', content }] })
    run = started.id
    for await (const _event of client.runs.follow(run));
  }
  return { agent: helper.id, run }
}

async function furnishReports(client: Client): Promise<string> {
  const { data } = await client.reports.templates()
  let id = ''
  for (const { name, example } of data)
    ({ id } = await client.reports.create({ template: name, data: example as Record<string, unknown> }))
  return id
}
