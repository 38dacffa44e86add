import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { isProblem } from '@roundhouse/sdk/contract'
import { isDeeper } from '../../kit/json-depth.ts'
import type { McpTool } from '../../ports/mcp-client.ts'
import { assertSchema } from '../loop/schema.ts'

/** A tool of a stranger, as it can be shown to a model. */
export type ForeignTool = {
  readonly name: string
  readonly description: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly source: McpTool
}

/** Of a list, those that can be shown to a model, and the names of the others. */
type ChooseTools = (
  listed: readonly McpTool[],
  wanted: readonly string[] | undefined,
  redact: (text: string) => string,
) => Promise<{ tools: readonly ForeignTool[]; leftOut: readonly string[] }>

/** Of one server. Providers take 128 in all, each described in 1024 characters. */
const mostTools = 100
const mostDescription = 1000
const mostSchemaCharacters = 16 * 1024
const mostSchemaLevels = 32
/** What every call of the model carries is paid each time: this is about 60,000 tokens. */
const mostCharacters = 256 * 1024
const mostVerdicts = 5000

/** Signs that nobody sees and a model reads; line feeds and tabs are none. */
const unseen = /[\p{Cf}\p{Cs}\p{Co}]|(?![\n\t])\p{Cc}/gu
/** Half a character, as `JSON.stringify` writes it. Providers refuse it. */
const torn = /(?<!\\)(?:\\\\)*\\ud[89a-f]/

/**
 * The wanted ones of a list, each name once. A tool that is not fit to be shown is left out: a provider that refuses one
 * tool refuses the whole call.
 */
export function createChooseTools(): ChooseTools {
  /** Of schemas, by what they hash to: lists are read each minute, and hardly ever change. */
  const verdicts = new Map<string, boolean>()

  async function isSound(schema: string): Promise<boolean> {
    const key = createHash('sha256').update(schema).digest('base64url')
    const known = verdicts.get(key)
    if (known !== undefined) return known
    // Each takes some milliseconds, which are not taken in one piece.
    await setImmediate()
    const verdict = await assertSchema(JSON.parse(schema)).then(
      () => true,
      error => {
        if (isProblem(error)) return false
        throw error
      },
    )
    verdicts.set(key, verdict)
    if (verdicts.size > mostVerdicts) verdicts.delete(verdicts.keys().next().value ?? '')
    return verdict
  }

  return async (listed, wanted, redact) => {
    const tools: ForeignTool[] = []
    const leftOut: string[] = []
    const names = new Set<string>()
    let left = mostCharacters
    for (const source of listed) {
      if (names.has(source.name) || (wanted && !wanted.includes(source.name))) continue
      names.add(source.name)
      const description = redact(source.description.slice(0, mostDescription).replaceAll(unseen, ''))
      const schema = schemaText(source)
      const characters = source.name.length + description.length + (schema?.length ?? 0)
      const fits = schema !== null && tools.length < mostTools && characters <= left
      // What is found unfit counts, too: looking at it takes its time.
      if (fits) left -= characters
      if (fits && (await isSound(schema)))
        tools.push({ name: source.name, description, parameters: JSON.parse(redact(schema)), source })
      else leftOut.push(source.name)
    }
    return { tools, leftOut }
  }
}

/** As providers take it; null for what is none of an object, or too much. */
function schemaText({ inputSchema: { $schema: _, ...schema } }: McpTool): string | null {
  const { type = 'object', properties = {} } = schema
  if (type !== 'object') return null
  const text = JSON.stringify({ ...schema, type, properties }).replaceAll(unseen, '')
  const isMuch = text.length > mostSchemaCharacters || isDeeper(text, mostSchemaLevels)
  return isMuch || torn.test(text) ? null : text
}
