import type { DescribedCall } from './describe-call.ts'

export type Language = 'curl' | 'TypeScript' | 'Python'
export const languages: readonly Language[] = ['curl', 'TypeScript', 'Python']

/** The call as one would write it elsewhere; the key comes from the environment variable `ROUNDHOUSE_KEY`. */
export function snippet(language: Language, call: DescribedCall, origin: string): string {
  if (language === 'curl') return curl(call, origin)
  return language === 'TypeScript' ? typeScript(call, origin) : python(call, origin)
}

function curl({ method, path, headers, body, form }: DescribedCall, origin: string): string {
  const isStream = path.includes('/events') || body?.includes('"stream":true')
  const lines = [`curl -s${isStream ? 'N' : ''} ${quoted(origin + path)}`]
  const impliesPost = body !== undefined || form !== undefined
  if (method !== (impliesPost ? 'POST' : 'GET')) lines[0] += ` -X ${method}`
  lines.push('-H "Authorization: Bearer $ROUNDHOUSE_KEY"')
  for (const [name, value] of Object.entries(sentHeaders(headers, form)))
    lines.push(`-H ${quoted(`${name}: ${value}`)}`)
  for (const { name, value, isFile } of form ?? [])
    lines.push(`-F ${quoted(`${name}=${isFile ? '@' : ''}${value}`)}`)
  if (body !== undefined) lines.push(`-d ${quoted(body)}`)
  return lines.join(' \\\n  ')
}

/** For a POSIX shell: nothing within is read by it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function sentHeaders(headers: Record<string, string>, form: DescribedCall['form']): Record<string, string> {
  if (!form) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type'))
}

function typeScript({ method, path, headers, body, form }: DescribedCall, origin: string): string {
  const lines: string[] = []
  if (form) {
    lines.push('const form = new FormData()')
    for (const { name, value, isFile } of form)
      lines.push(
        `form.set(${JSON.stringify(name)}, ${isFile ? `await openAsBlob(${JSON.stringify(value)}), ${JSON.stringify(value)}` : JSON.stringify(value)})`,
      )
    if (form.some(part => part.isFile)) lines.unshift("import { openAsBlob } from 'node:fs'", '')
  }
  lines.push(`const response = await fetch(${JSON.stringify(origin + path)}, {`)
  if (method !== 'GET') lines.push(`  method: '${method}',`)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the program's
  lines.push('  headers: {', '    authorization: `Bearer ${process.env.ROUNDHOUSE_KEY}`,')
  for (const [name, value] of Object.entries(sentHeaders(headers, form)))
    lines.push(`    ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
  lines.push('  },')
  if (body !== undefined) lines.push(`  body: ${jsonSource(body, value => `JSON.stringify(${value})`)},`)
  if (form) lines.push('  body: form,')
  lines.push('})', 'console.log(await response.json())')
  return lines.join('\n')
}

function python({ method, path, headers, body, form }: DescribedCall, origin: string): string {
  const lines = ['import os', 'import requests', '', 'response = requests.request(']
  lines.push(`    ${JSON.stringify(method)},`, `    ${JSON.stringify(origin + path)},`, '    headers={')
  lines.push(`        "Authorization": f"Bearer {os.environ['ROUNDHOUSE_KEY']}",`)
  for (const [name, value] of Object.entries(sentHeaders(headers, form)))
    lines.push(`        ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
  lines.push('    },')
  if (body !== undefined) lines.push(`    data=${pythonText(body)},`)
  const files = form?.filter(part => part.isFile) ?? []
  const values = form?.filter(part => !part.isFile) ?? []
  if (values.length > 0)
    lines.push(
      `    data={${values.map(({ name, value }) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')}},`,
    )
  if (files.length > 0)
    lines.push(
      `    files={${files.map(({ name, value }) => `${JSON.stringify(name)}: open(${JSON.stringify(value)}, "rb")`).join(', ')}},`,
    )
  lines.push(')', 'print(response.json())')
  return lines.join('\n')
}

/** A body that is JSON stands there as a literal; another as a text. */
function jsonSource(body: string, wrap: (literal: string) => string): string {
  try {
    return wrap(JSON.stringify(JSON.parse(body)))
  } catch {
    return JSON.stringify(body)
  }
}

function pythonText(text: string): string {
  return text.includes("'''") || text.includes('\\') ? JSON.stringify(text) : `'''${text}'''`
}
