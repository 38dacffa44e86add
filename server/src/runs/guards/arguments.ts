import { Refusal } from './refusal.ts'

/** They are looked into in one go. */
const mostCharacters = 200_000
/** What of JSON a model words itself. */
const worded = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\d[\d.eE+-]*/g

/**
 * What rules leave of the arguments of a call, all else as the model wrote it. Each text, name and number is looked at where
 * it stands: a parser would pass over names that come twice, and round long numbers.
 * @throws Refusal of arguments that are too long, and what `keep` throws.
 */
export function keepArguments(text: string, keep: (part: string) => string): string {
  if (text.length > mostCharacters)
    throw new Refusal(
      { name: 'tool-arguments', say: 'The arguments are too large for the rules of the agent.' },
      '',
    )
  if (!isJson(text)) return keep(text)
  return text.replace(worded, part => (part.startsWith('"') ? keptText(part, keep) : keptNumber(part, keep)))
}

function keptText(part: string, keep: (part: string) => string): string {
  const text = String(JSON.parse(part))
  const kept = keep(text)
  return kept === text ? part : JSON.stringify(kept)
}

/** As it is written, and as it is read: `4.111e15` is a long number too. */
function keptNumber(part: string, keep: (part: string) => string): string {
  for (const text of new Set([part, String(Number(part))])) {
    const kept = keep(text)
    if (kept !== text) return JSON.stringify(kept)
  }
  return part
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
