import type { BucketFiles, FileEntry } from '@roundhouse/sdk'

/** The full name of what lies in a folder; '' is the top. */
export function nameIn(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** The last part of a name. */
export function lastPart(name: string): string {
  return name.split('/').at(-1) ?? name
}

/** The folders on the way, the top first: `a/b` is `a`, then `a/b`. */
export function waysTo(folder: string): { label: string; folder: string }[] {
  if (folder === '') return []
  const parts = folder.split('/')
  return parts.map((label, index) => ({ label, folder: parts.slice(0, index + 1).join('/') }))
}

/** Every name that these entries stand for: of a folder all within. */
export async function namesWithin(
  files: Pick<BucketFiles, 'iterate'>,
  folder: string,
  entries: readonly FileEntry[],
): Promise<string[]> {
  const names: string[] = []
  for (const entry of entries) {
    const name = nameIn(folder, entry.name)
    if (entry.id === null) for await (const object of files.iterate(`${name}/`)) names.push(object.name)
    else names.push(name)
  }
  return names
}

/** As many at once as the server takes. */
export const mostAtOnce = 1000

/** Removes them in pieces. Gives how many went; those of others stay. */
export async function removeAll(
  files: Pick<BucketFiles, 'remove'>,
  names: readonly string[],
): Promise<number> {
  let removed = 0
  for (let at = 0; at < names.length; at += mostAtOnce)
    removed += (await files.remove(names.slice(at, at + mostAtOnce))).length
  return removed
}

export type PreviewKind = 'image' | 'text' | 'pdf' | 'none'

const mostImageBytes = 20 * 1024 * 1024
const mostPdfBytes = 50 * 1024 * 1024

export function previewOf(type: string, sizeBytes: number): PreviewKind {
  const [media = ''] = type.split(';')
  if (media.startsWith('image/')) return sizeBytes <= mostImageBytes ? 'image' : 'none'
  if (media === 'application/pdf') return sizeBytes <= mostPdfBytes ? 'pdf' : 'none'
  if (
    media.startsWith('text/') ||
    /^application\/([\w.-]+\+)?(json|xml|x-ndjson|yaml|javascript)$/.test(media)
  )
    return 'text'
  return 'none'
}

/** The same from a page or a program of one's own. */
export function supabaseSnippet(origin: string, bucket: string, folder: string): string {
  const name = nameIn(folder, 'notes.txt')
  return `import { StorageClient } from '@supabase/storage-js'

const storage = new StorageClient('${origin}/storage/v1', {
  Authorization: \`Bearer \${process.env.ROUNDHOUSE_KEY}\`,
})
const files = storage.from(${JSON.stringify(bucket)})
await files.upload(${JSON.stringify(name)}, 'hello', { upsert: true })
const { data } = await files.createSignedUrl(${JSON.stringify(name)}, 3600)
console.log(data.signedUrl)
`
}
