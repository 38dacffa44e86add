import { Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { jsonIn } from '../../kit/json-in.ts'
import type { Database, DatabaseCaller } from '../../ports/database.ts'
import { visibleBucket } from '../buckets.ts'
import { mayReadAll, ownFolder } from '../rules.ts'
import { createFilesStore, type FileTables } from '../store.ts'
import { createListStore, type Entry, type EntryOrder, type Position } from './store.ts'

export type FolderQuery = EntryOrder & {
  /** Of the folder, without a slash at its end; empty for the whole bucket. */
  prefix: string
  search: string
  offset: number
  limit: number
}

export type PageQuery = EntryOrder & {
  prefix: string
  /** With folders; else every object below the prefix. */
  folders: boolean
  cursor: string | undefined
  limit: number
}

export type Page = { entries: Entry[]; nextCursor: string | null }

const cursorForm = z.strictObject({
  column: z.enum(['name', 'created_at', 'updated_at']),
  order: z.enum(['asc', 'desc']),
  value: z.string().max(18),
  name: z.string().max(1100),
})

/** Lists of what a caller may read in a bucket. */
export type Listing = ReturnType<typeof createListing>

export function createListing({ database }: { database: Database<FileTables> }) {
  async function entries(
    caller: DatabaseCaller,
    bucketId: string,
    query: EntryOrder & {
      prefix: string
      search: string
      folders: boolean
      after?: Position | undefined
      offset: number
      limit: number
    },
  ): Promise<Entry[]> {
    return database.as(caller, async db => {
      const bucket = await visibleBucket(caller, createFilesStore(db), bucketId)
      const within = mayReadAll(caller, bucket) ? '' : ownFolder(caller)
      if (within === undefined) return []
      return createListStore(db).entries({ ...query, bucketId, within })
    })
  }

  return {
    /** What lies in one folder. @throws Problem `bucket-not-found` */
    folder(caller: DatabaseCaller, bucketId: string, query: FolderQuery): Promise<Entry[]> {
      const prefix = query.prefix === '' ? '' : `${query.prefix.replace(/\/$/, '')}/`
      return entries(caller, bucketId, { ...query, prefix, folders: true })
    },

    /** A page of everything below a prefix. The cursor of a page carries the order. @throws Problem `invalid-request` */
    async page(caller: DatabaseCaller, bucketId: string, query: PageQuery): Promise<Page> {
      const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
      const { column, order } = from ?? query
      const found = await entries(caller, bucketId, {
        prefix: query.prefix,
        folders: query.folders,
        column,
        order,
        after: from,
        search: '',
        offset: 0,
        limit: query.limit + 1,
      })
      const page = found.slice(0, query.limit)
      const last = found.length > query.limit ? page.at(-1) : undefined
      const nextCursor = last
        ? Buffer.from(JSON.stringify({ column, order, ...last.position })).toString('base64url')
        : null
      return { entries: page, nextCursor }
    },
  }
}

function decodeCursor(cursor: string): z.output<typeof cursorForm> {
  const position = cursorForm.safeParse(jsonIn(Buffer.from(cursor, 'base64url').toString()))
  const isOurs =
    position.success && !position.data.name.includes('\0') && /^\d{0,18}$/.test(position.data.value)
  if (isOurs) return position.data
  throw new Problem(
    'invalid-request',
    'cursor: not one that this list returned. Leave it out to start at the beginning.',
  )
}
