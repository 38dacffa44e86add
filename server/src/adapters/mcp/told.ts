import type { McpAnswer } from '../../ports/mcp-client.ts'
import { isRecord, textOf } from './read.ts'

const mostParts = 1000

/**
 * The result of a call as text: texts, texts of resources and structured content. Of pictures, sounds and other bytes it
 * says that they are there. Source: MCP 2025-11-25 and 2026-07-28, "Tools", tool result.
 */
export function told(result: Readonly<Record<string, unknown>>): McpAnswer {
  if (result.resultType === 'input_required')
    return { text: 'The tool asks for input of a person, which is not supported here.', isError: true }
  const parts: readonly unknown[] = Array.isArray(result.content) ? result.content : []
  const texts = parts.slice(0, mostParts).map(partText)
  if (parts.length > mostParts) texts.push(`[Cut: ${parts.length - mostParts} more parts.]`)
  const structured = structuredText(result.structuredContent)
  // Servers give it as text, too, for clients that know no other.
  if (structured !== null && !texts.some(text => sameJson(text, structured))) texts.push(structured)
  const text = texts.filter(part => part !== '').join('\n')
  return { text: text === '' ? '[The tool gave no text.]' : text, isError: result.isError === true }
}

function partText(part: unknown): string {
  if (!isRecord(part)) return ''
  if (part.type === 'text') return textOf(part.text)
  if (part.type === 'image' || part.type === 'audio') return `[${kindOf(part)}: not shown.]`
  if (part.type === 'resource_link') return `[Link: ${textOf(part.uri, 2000)} ${textOf(part.name, 200)}]`
  if (part.type === 'resource' && isRecord(part.resource)) {
    const { text, uri } = part.resource
    return typeof text === 'string' ? text : `[File ${textOf(uri, 2000)}: not shown.]`
  }
  return ''
}

function kindOf({ type, mimeType }: Readonly<Record<string, unknown>>): string {
  return `${type === 'image' ? 'Image' : 'Audio'} ${textOf(mimeType, 100)}`.trimEnd()
}

function structuredText(content: unknown): string | null {
  return content === undefined || content === null ? null : JSON.stringify(content)
}

/** Texts that differ by more than blanks are not read. */
function sameJson(text: string, json: string): boolean {
  if (text === json) return true
  if (text.length < json.length || text.length > json.length * 4) return false
  try {
    return JSON.stringify(JSON.parse(text)) === json
  } catch {
    return false
  }
}
