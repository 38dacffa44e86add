/** Terms of the query language, as they stand in the text: quotes keep blanks together. */
export function termsOf(q: string): string[] {
  return q.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []
}

export function hasTerm(q: string, term: string): boolean {
  return termsOf(q).includes(term)
}

/** With the term, or without it where it was there. */
export function toggled(q: string, term: string): string {
  const terms = termsOf(q)
  const others = terms.filter(one => one !== term)
  return (others.length < terms.length ? others : [...terms, term]).join(' ')
}

/** With a condition on a field; one on the same field that it contradicts goes. */
export function withCondition(q: string, key: string, value: string, not = false): string {
  const term = `${not ? '-' : ''}${key}:${quoted(value)}`
  const opposite = `${not ? '' : '-'}${key}:${quoted(value)}`
  const terms = termsOf(q).filter(one => one !== opposite && one !== term)
  return [...terms, term].join(' ')
}

function quoted(value: string): string {
  return /^[\w./@:+-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}
