import { type ImportedApi, Problem } from '@roundhouse/sdk/contract'
import type { ApiDocument } from '../../ports/api-importer.ts'
import { type Fields, isFields, listOf, textOf } from './fields.ts'
import { type Operation, toolOf } from './operation-tool.ts'
import { createFollow, type Follow } from './references.ts'

const methods = ['get', 'post', 'put', 'patch', 'delete']
const mostOperations = 500

/**
 * Tools for the operations of an API (OpenAPI 3.0 and 3.1), each as an agent can have it.
 * @throws Problem `invalid-request`.
 */
export function importDocument(
  document: unknown,
  { url, operations: wanted, baseUrl }: Omit<ApiDocument, 'content'>,
): ImportedApi {
  if (!isFields(document)) throw invalid('The document is not an object.')
  const version = String(document.openapi ?? '')
  if (!/^3\.[012](?:\.|$)/.test(version))
    throw invalid(
      `The document is not OpenAPI 3.0 or 3.1: openapi is ${JSON.stringify(textOf(version, 20))}.`,
    )
  const follow = createFollow(document)
  const all = operationsOf(document, follow)
  const chosen = wanted ? pick(all, wanted) : all
  if (chosen.length > mostOperations)
    throw invalid(
      `There are ${chosen.length} operations, of which ${mostOperations} can be imported at once. Choose some by operations.`,
    )
  const info = follow(document.info)
  const imported: ImportedApi = {
    title: textOf(info.title, 300),
    version: textOf(info.version, 100),
    operations: [],
    skipped: [],
  }
  const taken = new Set<string>()
  for (const operation of chosen) {
    const { id, method, path } = operation
    const base = baseOf([operation.content, follow(pathsOf(document)[path]), document], baseUrl, url)
    const tool = toolOf(operation, freeName(id, taken), base, follow)
    if (typeof tool === 'string') imported.skipped.push({ id, method, path, reason: tool })
    else imported.operations.push({ id, method, path, summary: textOf(operation.content.summary, 300), tool })
  }
  return imported
}

function operationsOf(document: Fields, follow: Follow): Operation[] {
  return Object.entries(pathsOf(document)).flatMap(([path, value]) => {
    const item = follow(value)
    return methods.flatMap(method => {
      const content = item[method]
      if (!isFields(content)) return []
      const id = textOf(content.operationId, 500) || `${method.toUpperCase()} ${path}`
      const parameters = [...listOf(item.parameters), ...listOf(content.parameters)]
      return [{ id, method: method.toUpperCase(), path, parameters, content }]
    })
  })
}

function pathsOf({ paths }: Fields): Fields {
  return isFields(paths) ? paths : {}
}

function pick(all: readonly Operation[], wanted: readonly string[]): Operation[] {
  const names = new Set(wanted)
  const chosen = all.filter(({ id, method, path }) => names.has(id) || names.has(`${method} ${path}`))
  const missing = wanted.find(
    name => !chosen.some(({ id, method, path }) => name === id || name === `${method} ${path}`),
  )
  if (missing === undefined) return chosen
  throw invalid(
    `operations: there is no ${textOf(missing, 100)} in the document. Name an operationId, or GET /path.`,
  )
}

/** Without a slash at its end. The first server of the narrowest place that names one. */
function baseOf(
  places: readonly Fields[],
  baseUrl: string | undefined,
  documentUrl: string | undefined,
): string {
  const servers = places.map(({ servers }) => listOf(servers)[0]).find(isFields)
  const address = baseUrl ?? (servers ? filled(servers) : '/')
  if (!URL.canParse(address, documentUrl))
    throw invalid(
      'The document does not say where the API is. Send base_url, such as https://api.example.com/v1.',
    )
  const { origin, pathname } = new URL(address, documentUrl)
  return `${origin}${pathname}`.replace(/\/+$/, '')
}

/** With what its variables are when nobody chooses. */
function filled({ url, variables }: Fields): string {
  const known = isFields(variables) ? variables : {}
  return textOf(url, 2000).replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const variable = Object.hasOwn(known, name) ? known[name] : undefined
    return isFields(variable) ? textOf(variable.default, 500) : ''
  })
}

/** As models know tools: `[A-Za-z0-9_-]{1,64}`, each once. */
function freeName(id: string, taken: Set<string>): string {
  const base = id.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '') || 'operation'
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `_${count}`
    const name = `${base.slice(0, 64 - suffix.length)}${suffix}`
    if (taken.has(name)) continue
    taken.add(name)
    return name
  }
}

function invalid(sentence: string): Problem {
  return new Problem('invalid-request', sentence)
}
