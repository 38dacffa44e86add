import { Problem } from '@roundhouse/sdk/contract'

/** Source: Supabase Storage, the rules of its validators. */
const bucketName = /^[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}$/
const objectName = /^[A-Za-z0-9_/!.*'() &$=@;:+,?-]+$/
/** The characters allowed are of one byte each. */
const longestObjectName = 1024

/** @throws Problem `invalid-bucket-name` */
export function checkBucketName(name: string): void {
  if (bucketName.test(name) && name.trim() === name && name !== '.' && name !== '..') return
  throw new Problem(
    'invalid-bucket-name',
    `${shown(name)} is no name of a bucket. It has 1 to 100 letters, digits and ordinary signs, without a slash, and no blank at its ends.`,
  )
}

/**
 * Stricter than the original in one thing: no segment is `.` or `..`, which clients and proxies would resolve. Empty
 * segments are allowed (`a//b`).
 * @throws Problem `invalid-object-name`
 */
export function checkObjectName(name: string): void {
  const why = refusal(name)
  if (why !== undefined)
    throw new Problem('invalid-object-name', `${shown(name)} is no name of an object: ${why}.`)
}

export function isObjectName(name: string): boolean {
  return refusal(name) === undefined
}

function refusal(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.length > longestObjectName) return `it has more than ${longestObjectName} characters`
  if (!objectName.test(name)) return 'it holds a character other than letters, digits and ordinary signs'
  if (name.split('/').some(segment => segment === '.' || segment === '..'))
    return 'a part of it is "." or ".."'
  return undefined
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}
