import { propertyOf } from './example.ts'

/** Names of the classes, where the model brings them among the properties of its file: an array, or an object by number. */
export function labelsOf(metadata: Readonly<Record<string, unknown>>): readonly string[] {
  for (const name of ['labels', 'classes', 'class_names', 'names', 'id2label']) {
    const found = propertyOf(metadata, name)
    // Exporters of Python write it with single quotes.
    const read = typeof found === 'string' ? numbered(found) : found
    if (Array.isArray(read)) return read.map(String)
    if (typeof read === 'object' && read !== null) return Object.values(read).map(String)
  }
  return []
}

/** `{0: 'person', 1: 'bicycle'}`, or names with commas between. */
function numbered(text: string): string[] {
  const pairs = [...text.matchAll(/\d+\s*:\s*(?:'([^']*)'|"([^"]*)")/g)]
  if (pairs.length > 0) return pairs.map(([, single, double]) => single ?? double ?? '')
  return text.includes(',') ? text.split(',').map(name => name.trim()) : []
}
