import { createHash } from 'node:crypto'

/** Clients hand these names to models whose providers take no more and no other characters. */
const plain = /^[A-Za-z0-9_-]{1,64}$/
const longest = 64
const hashCharacters = 8
/** As our own endings are: a thing of such a name could pass for another one. */
const hasEnding = /_[0-9a-f]{8}$/

/**
 * The tool of an agent or model: `agent_<slug>`, `model_<name>`; always the same, whatever other tools there are. A name
 * that cannot be one is cut to what can, and ends in a hash of the whole.
 */
export function toolName(kind: 'agent' | 'model', name: string): string {
  const whole = `${kind}_${name}`
  if (plain.test(whole) && !hasEnding.test(whole)) return whole
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, hashCharacters)
  return `${cut(whole)}_${hash}`
}

/** Whether the tool is the name, cut. A hash is made only where the beginnings are alike: there may be thousands. */
export function isCutOf(tool: string, kind: 'agent' | 'model', name: string): boolean {
  return tool.slice(0, -hashCharacters - 1) === cut(`${kind}_${name}`) && toolName(kind, name) === tool
}

function cut(whole: string): string {
  return whole.slice(0, longest - hashCharacters - 1).replaceAll(/[^A-Za-z0-9_-]/g, '_')
}

/** What `toolName` was made of, when that can be seen. */
export function namedBy(tool: string): { kind: 'agent' | 'model'; name: string | undefined } | undefined {
  const [, kind, name] = /^(agent|model)_(.+)$/s.exec(tool) ?? []
  if ((kind !== 'agent' && kind !== 'model') || name === undefined) return undefined
  return { kind, name: toolName(kind, name) === tool ? name : undefined }
}

/** Of what is written by users nobody reads more in a list. */
const longestDescription = 2000

export function describe(text: string, price: number): string {
  const shown = text.length > longestDescription ? `${text.slice(0, longestDescription)}…` : text
  return price === 0 ? shown : `${shown}\nCosts ${price} credits per call.`
}
