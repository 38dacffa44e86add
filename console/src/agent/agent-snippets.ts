import { type Language, snippet } from '../app/snippets.ts'

/** How an agent is called from elsewhere, as text to be copied: the share page and the console show the same. */

/** An answer that comes as events. */
export function runSnippet(language: Language, origin: string, id: string): string {
  if (language === 'TypeScript')
    return `import { createClient } from '@roundhouse/sdk'

const client = createClient({ baseUrl: ${JSON.stringify(origin)}, token: process.env.ROUNDHOUSE_KEY })
const run = await client.runs.start(${JSON.stringify(id)}, { messages: [{ role: 'user', content: 'Hello' }] })
for await (const { event } of client.runs.follow(run.id)) {
  if (event.type === 'text-delta') process.stdout.write(event.text)
}`
  if (language === 'Python')
    return `import json, os, requests

answer = requests.post(
    ${JSON.stringify(`${origin}/api/v1/agents/${id}/runs`)},
    headers={"Authorization": f"Bearer {os.environ['ROUNDHOUSE_KEY']}"},
    json={"messages": [{"role": "user", "content": "Hello"}], "stream": True},
    stream=True,
)
for line in answer.iter_lines(decode_unicode=True):
    if line.startswith("data:"):
        event = json.loads(line[5:])
        if event["type"] == "text-delta":
            print(event["text"], end="", flush=True)`
  const call = {
    method: 'POST',
    path: `/api/v1/agents/${id}/runs`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], stream: true }),
    form: undefined,
  }
  return snippet('curl', call, origin)
}

/** By clients of OpenAI's API: the model is the agent. */
export function openAiSnippet(language: Language, origin: string, slug: string): string {
  if (language === 'TypeScript')
    return `import OpenAI from 'openai'

const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: process.env.ROUNDHOUSE_KEY })
const answer = await client.chat.completions.create({
  model: 'agent:${slug}',
  messages: [{ role: 'user', content: 'Hello' }],
})
console.log(answer.choices[0]?.message.content)`
  if (language === 'Python')
    return `import os
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["ROUNDHOUSE_KEY"])
answer = client.chat.completions.create(
    model="agent:${slug}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`
  const call = {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `agent:${slug}`, messages: [{ role: 'user', content: 'Hello' }] }),
    form: undefined,
  }
  return snippet('curl', call, origin)
}

/** For clients of the Model Context Protocol that are set up by a file. */
export function mcpConfig(origin: string): string {
  const headers = { Authorization: 'Bearer $ROUNDHOUSE_KEY' }
  return JSON.stringify(
    { mcpServers: { roundhouse: { type: 'http', url: `${origin}/mcp`, headers } } },
    null,
    2,
  )
}

/** The name under which MCP clients find the agent. */
export function mcpToolName(slug: string): string {
  return `agent_${slug}`
}

export function agUiAddress(origin: string, id: string): string {
  return `${origin}/api/v1/agents/${id}/ag-ui`
}

export function agUiSnippet(origin: string, id: string): string {
  return `import { HttpAgent } from '@ag-ui/client'

const agent = new HttpAgent({
  url: '${agUiAddress(origin, id)}',
  headers: { authorization: \`Bearer \${process.env.ROUNDHOUSE_KEY}\` },
})`
}

/** One line in the pages of a site. */
export function scriptTag(origin: string, key: string): string {
  return `<script src="${origin}/widget.js" data-key="${key}" async></script>`
}
