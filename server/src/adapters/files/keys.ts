import { invariant } from '../../kit/invariant.ts'

/** No empty segment: `a//b` and `a/b` would be one file. The length leaves room for the folder in a path of 4,096. */
export function isKey(text: string): boolean {
  return text.length <= 1024 && /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9_-]+)*$/.test(text)
}

/** @throws Error: a bug of ours, since no key comes from a user. */
export function checkKey(key: string): void {
  invariant(isKey(key), `not a key of the file store: ${JSON.stringify(key.slice(0, 200))}`)
}
