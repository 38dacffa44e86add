import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { tensorsSource } from './tensors-source.ts'

export type CallFacts = {
  origin: string
  model: { id: string; name: string; version: string; inputs: readonly TensorSpecBody[] }
  /** JSON of `input_data`. */
  input: string
  /** Nobody needs a key. */
  isOpen: boolean
}

export const languages = ['curl', 'TypeScript', 'Python', 'TypeScript /v2'] as const
export type Language = (typeof languages)[number]

/** More is no longer read in a snippet: it then comes from the file `input.json`. */
const mostLetters = 4000

export function isInFile(input: string): boolean {
  return input.length > mostLetters
}

/** The same call for a shell and for programs; the last sends the bytes of the tensors. */
export function snippet(language: Language, call: CallFacts): string {
  if (language === 'curl') return curl(call)
  if (language === 'Python') return python(call)
  return language === 'TypeScript' ? typeScript(call) : binary(call)
}

function curl({ origin, model, input, isOpen }: CallFacts): string {
  const body = isInFile(input) ? '-d @input.json' : `-d '${bodyOf(input).replaceAll("'", "'\\''")}'`
  return [
    `curl ${origin}/api/v1/models/${model.id}/predict \\`,
    ...(isOpen ? [] : ['  -H "Authorization: Bearer $ROUNDHOUSE_KEY" \\']),
    "  -H 'Content-Type: application/json' \\",
    `  ${body}`,
  ].join('\n')
}

function typeScript({ origin, model, input, isOpen }: CallFacts): string {
  const isFile = isInFile(input)
  return [
    ...(isFile ? ["import { readFile } from 'node:fs/promises'"] : []),
    "import { createClient } from '@roundhouse/sdk'",
    '',
    clientLine({ origin, isOpen }),
    ...(isFile ? ["const { input_data } = JSON.parse(await readFile('input.json', 'utf8'))"] : []),
    `const { output_data } = await client.models.predict('${model.id}', ${isFile ? 'input_data' : input})`,
    'console.log(output_data)',
  ].join('\n')
}

function python({ origin, model, input, isOpen }: CallFacts): string {
  const url = `${origin}/api/v1/models/${model.id}/predict`
  const isFile = isInFile(input)
  return [
    'import json',
    ...(isOpen ? [] : ['import os']),
    'from urllib.request import Request, urlopen',
    '',
    isFile
      ? 'body = open("input.json", encoding="utf-8").read()'
      : `body = r'''${bodyOf(input).replaceAll("'''", '\\u0027\\u0027\\u0027')}'''`,
    `headers = {"Content-Type": "application/json"${isOpen ? '' : ', "Authorization": "Bearer " + os.environ["ROUNDHOUSE_KEY"]'}}`,
    `with urlopen(Request("${url}", body.encode(), headers)) as reply:`,
    '    print(json.load(reply)["output_data"])',
  ].join('\n')
}

function binary({ origin, model, input, isOpen }: CallFacts): string {
  return [
    "import { createClient } from '@roundhouse/sdk'",
    '',
    clientLine({ origin, isOpen }),
    `const { outputs } = await client.inference.infer('${model.name}', {`,
    `  version: '${model.version}',`,
    '  inputs: [',
    ...tensorsSource(model.inputs, input).map(line => `    ${line}`),
    '  ],',
    '})',
    'for (const { name, shape, data } of outputs) console.log(name, shape, data)',
  ].join('\n')
}

/** What `input.json` holds. */
export function bodyOf(input: string): string {
  return `{"input_data":${input}}`
}

function clientLine({ origin, isOpen }: Pick<CallFacts, 'origin' | 'isOpen'>): string {
  return `const client = createClient({ baseUrl: '${origin}'${isOpen ? '' : ', token: process.env.ROUNDHOUSE_KEY'} })`
}
