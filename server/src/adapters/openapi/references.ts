import { type Fields, isFields } from './fields.ts'

/** A reference to a reference to a reference. */
const mostSteps = 20

/** What a value stands for; what is said beside a reference counts more than what is referred to (3.1). */
export type Follow = (value: unknown) => Fields

/** Follows `$ref` within the document. Nothing is fetched: what lies elsewhere is taken for empty. */
export function createFollow(document: Fields): Follow {
  return value => {
    let found = value
    let beside: Fields = {}
    for (let step = 0; isFields(found) && typeof found.$ref === 'string'; step += 1) {
      const { $ref, ...more } = found
      beside = { ...more, ...beside }
      found = step < mostSteps ? at(document, $ref) : undefined
    }
    if (!isFields(found)) return beside
    // The same thing keeps being the same object, by which a circle is seen.
    return Object.keys(beside).length === 0 ? found : { ...found, ...beside }
  }
}

/** A JSON pointer as the fragment of a URI. Source: RFC 6901, 6. */
function at(document: Fields, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  let found: unknown = document
  for (const part of reference.slice(2).split('/')) {
    const name = unescaped(part)
    if (Array.isArray(found)) found = found[Number(name)]
    else if (isFields(found) && Object.hasOwn(found, name)) found = found[name]
    else return undefined
  }
  return found
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}
