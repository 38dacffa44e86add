/** Writes the documents that are made from the code. A test compares them. `node --conditions=roundhouse-source scripts/generate-docs.ts` */
import { writeFileSync } from 'node:fs'
import { problemCodes } from '@roundhouse/sdk/contract'
import { settings } from '../server/src/start/settings.ts'
import { testHouse } from '../server/src/testing/house.ts'

const docs = new URL('../docs/', import.meta.url)

/** File name under `docs/` to its text. */
export async function generateDocs(): Promise<Record<string, string>> {
  return { 'configuration.md': configuration(), 'errors.md': errors(), 'openapi.json': await openApi() }
}

function configuration(): string {
  const rows = Object.entries(settings).map(
    ([name, setting]) =>
      `| \`${name}\` | ${setting.default === undefined || setting.default === '' ? '' : `\`${setting.default}\``} | ${setting.meaning} |`,
  )
  return `# Configuration

Environment variables decide everything; nothing has to be set to start. All problems are reported at once, before anything is opened.

| Variable | Default | Meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

function errors(): string {
  const rows = Object.entries(problemCodes).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : ''} | ${meaning} |`,
  )
  return `# Errors

Every refusal is JSON: \`{"error", "code", "detail", "request_id"}\`. \`detail\` is written for people and names the thing and the next step; programs look at \`code\`. Under \`/v2\` the body is \`{"error"}\` with the same text and status, as clients of that protocol expect. Where a retry may help, \`Retry-After\` says when.

| Code | Status | Retry | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

async function openApi(): Promise<string> {
  const cleanups: (() => Promise<void>)[] = []
  const { house } = await testHouse({ after: cleanup => void cleanups.push(cleanup) })
  try {
    return `${JSON.stringify(house.app.swagger(), null, 1)}\n`
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
}

if (import.meta.main)
  for (const [name, text] of Object.entries(await generateDocs())) writeFileSync(new URL(name, docs), text)
