import { addAbortSignal, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type AgentToolOf, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Files } from '../../files/files.ts'
import { checkObjectName } from '../../files/names.ts'
import type { OpenedTool } from '../tool.ts'
import { isReadable, readText, typeOfName } from './file-text.ts'
import { needScope } from './need-scope.ts'

const timeoutMs = 30_000
const mostListed = 100
/** Of what is read at once: the loop tells the model 32 kB in all. */
const mostReadBytes = 30 * 1024
/** No character is longer. */
const leastReadBytes = 4
const mostWrittenBytes = 256 * 1024

const listArguments = z.object({ folder: z.string().optional(), cursor: z.string().optional() })
const readArguments = z.object({
  path: z.string(),
  offset: z.int().min(0).default(0),
  limit: z.int().min(leastReadBytes).max(mostReadBytes).default(mostReadBytes),
})
const writeArguments = z.object({ path: z.string(), content: z.string() })

/**
 * Objects of a bucket below a folder, as the caller could reach them at the storage API. Of a bucket in which each user has
 * the folder of their id alone, paths begin in that folder.
 * @throws Problem `forbidden` without the scope `files`, `bucket-not-found`, `unauthenticated`, `invalid-object-name`.
 */
export async function filesTool(
  { buckets, listing, objects }: Pick<Files, 'buckets' | 'listing' | 'objects'>,
  caller: Caller,
  { bucket, folder = '', write = false, name = 'files', description }: AgentToolOf<'files'>,
): Promise<readonly OpenedTool[]> {
  needScope(caller, 'files', `files of the bucket ${bucket}`)
  const { open_folders, public: isPublic } = await buckets.get(caller, bucket)
  const isShared = open_folders || isPublic
  const own = isShared || caller.userId === null ? '' : `${caller.userId}/`
  const root = own + (folder === '' ? '' : `${within('', folder.replace(/\/$/, ''))}/`)
  const about = description === undefined ? '' : `${description}\n`
  const path = { type: 'string', description: 'Such as notes/2026.md, as the list tells it.' }
  const common = { isRepeatable: true, timeoutMs }

  const list: OpenedTool = {
    ...common,
    name: `${name}_list`,
    description: `${about}Lists the files and folders in a folder.`,
    parameters: objectOf({
      folder: { type: 'string', description: 'Such as notes/2026. The topmost when absent.' },
      cursor: { type: 'string', description: 'next_cursor of the page before.' },
    }),
    async call(args) {
      const { folder: wanted = '', cursor } = listArguments.parse(args)
      const inside = wanted.replace(/\/$/, '')
      const { entries, nextCursor } = await listing.page(caller, bucket, {
        prefix: inside === '' ? root : `${within(root, inside)}/`,
        folders: true,
        column: 'name',
        order: 'asc',
        cursor,
        limit: mostListed,
      })
      return JSON.stringify({
        entries: entries.map(({ name, object }) =>
          object
            ? {
                path: name.slice(root.length),
                size_bytes: object.size_bytes,
                content_type: object.content_type,
                updated_at: object.updated_at,
              }
            : { folder: name.slice(root.length) },
        ),
        next_cursor: nextCursor,
      })
    },
  }

  const read: OpenedTool = {
    ...common,
    name: `${name}_read`,
    description: `${about}Reads a file of text.`,
    parameters: objectOf(
      {
        path,
        offset: { type: 'integer', minimum: 0, description: 'Bytes to pass over. 0 when absent.' },
        limit: {
          type: 'integer',
          minimum: leastReadBytes,
          maximum: mostReadBytes,
          description: 'Bytes to read at most.',
        },
      },
      ['path'],
    ),
    async call(args, { signal }) {
      const { path, offset, limit } = readArguments.parse(args)
      const { object } = await objects.info(caller, bucket, within(root, path))
      const { size_bytes: size, content_type: type } = object
      if (!isReadable(type))
        throw new Problem(
          'unsupported-media-type',
          `${path} is ${type} of ${size} bytes; only files of text can be read.`,
        )
      if (offset >= size)
        return size === 0 ? '' : `[The file has ${size} bytes; there is nothing at ${offset}.]`
      const end = Math.min(offset + limit, size)
      const stream = await objects.read(object, { start: offset, end: end - 1 })
      const bytes = await buffer(addAbortSignal(signal, stream))
      return readText(bytes, { path, offset, size })
    },
  }

  const put: OpenedTool = {
    ...common,
    name: `${name}_write`,
    description: `${about}Writes a file of text, in the place of what has its name.`,
    parameters: objectOf({ path, content: { type: 'string', description: 'All of it.' } }, [
      'path',
      'content',
    ]),
    async call(args, { signal }) {
      const { path, content } = writeArguments.parse(args)
      const bytes = Buffer.from(content)
      if (bytes.length > mostWrittenBytes)
        throw new Problem(
          'payload-too-large',
          `The content has ${bytes.length} bytes; a tool writes ${mostWrittenBytes} at most.`,
        )
      signal.throwIfAborted()
      await objects.put(caller, {
        bucket,
        name: within(root, path),
        source: Readable.from([bytes]),
        contentType: typeOfName(path),
        upsert: true,
        sizeBytes: bytes.length,
        maxBytes: mostWrittenBytes,
      })
      return `Written: ${path}, ${bytes.length} bytes.`
    },
  }

  return write ? [list, read, put] : [list, read]
}

/**
 * The name of the object, which lies below the root whatever the path says: names have no signs that stand for others, and
 * no part of a path is a step up, or begins at the top.
 * @throws Problem `invalid-object-name`
 */
export function within(root: string, path: string): string {
  const steps = path.split('/')
  if (/[\\%]/.test(path) || steps.some(step => ['', '.', '..'].includes(step.trim())))
    throw new Problem(
      'invalid-object-name',
      `${JSON.stringify(path.slice(0, 200))} is no path here. A path is like notes/2026.md: no / in front, no empty part, no "." or "..".`,
    )
  const name = root + path
  checkObjectName(name)
  return name
}

function objectOf(
  properties: Record<string, unknown>,
  required: readonly string[] = [],
): OpenedTool['parameters'] {
  return { type: 'object', properties, required, additionalProperties: false }
}
