/** Also the longest that the contract and the table take. */
const longest = 64
const numbered = 9

/** What a name is in the path of its pages: `Größe & Co` becomes `grosse-co`. */
export function slugOf(name: string): string {
  const words = name
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  return trimmed(words, longest) || 'agent'
}

/**
 * Slugs for a name, without end: `support`, `support-2`, ... `support-9`, then with a random part, since whoever tries one
 * after the other would try a thousand for a name that a thousand have.
 */
export function* slugsFor(name: string, randomPart: () => string): Generator<string, never> {
  const slug = slugOf(name)
  yield slug
  for (let number = 2; number <= numbered; number++) yield withEnding(slug, String(number))
  for (;;) yield withEnding(slug, randomPart())
}

function withEnding(slug: string, ending: string): string {
  return `${trimmed(slug, longest - ending.length - 1)}-${ending}`
}

function trimmed(slug: string, length: number): string {
  return slug.replace(/^-+/, '').slice(0, length).replace(/-+$/, '')
}
