import type { Readable } from 'node:stream'
import {
  type AccountLimits,
  isProblem,
  type ModelKind,
  Problem,
  type Visibility,
} from '@roundhouse/sdk/contract'
import { type Caller, maySee } from '../accounts/caller.ts'
import { keyOf } from '../files/discard.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'
import { changeModel, manageable, noModel, refuseWhoCannotOwn, visible } from './access.ts'
import type { Catalogue } from './catalogue.ts'
import type { LoadedModel, Loader } from './loader.ts'
import { createLookup } from './lookup.ts'
import { type Model, modelLabel } from './model.ts'
import { loadOnRequest, unloadOnRequest } from './on-request.ts'
import { type Addition, bytesLeft, tooManyBytes } from './quota.ts'
import type { Serving } from './serving.ts'
import type { Shelf } from './shelf.ts'
import { createModelStore, type ModelChange, type ModelFilter, type ModelTables } from './store.ts'
import { sweepModels } from './sweep.ts'
import { describeFile, type Validation, validateModel } from './validate.ts'

export type ModelDraft = {
  name: string
  /** The next whole number of the owner's name when absent. */
  version?: string | undefined
  description?: string | null | undefined
  visibility?: Visibility | undefined
  price?: number | undefined
  kind?: ModelKind | undefined
  /** Added to what the file tells of itself. */
  metadata?: Record<string, unknown> | undefined
  /** Refused with `model-exists` when the newest version, ready or archived, has these very bytes. */
  onlyIfChanged?: boolean | undefined
}

/** What an owner may change; an absent field stays as it is. */
export type ModelUpdate = {
  description?: string | null | undefined
  visibility?: Visibility | undefined
  price?: number | undefined
  kind?: ModelKind | null | undefined
  status?: 'archived' | 'ready' | undefined
}

/** After an hour the sweep takes bytes that no row names. */
const longestLoadMs = 45 * 60_000

/** A stored upload that no row names yet. */
export type StoredUpload = { key: string; sizeBytes: number; sha256: string }

/**
 * The life of a model version, from its row to its removal. What a caller may not see is answered with
 * `model-not-found` as if it were not there, what they may see and not change with `forbidden`; row-level security says
 * the same once more. What a caller creates is theirs, of the service-role key the house's.
 */
export type Registry = ReturnType<typeof createRegistry>

export function createRegistry(dependencies: {
  database: Database<ModelTables>
  files: FileStore
  loader: Loader
  shelf: Shelf
  catalogue: Catalogue
  serving: Serving
  clock: Clock
  ids: Ids
  log: Log
  maxSizeBytes: number
  /** Called after a version is gone; what is kept of it elsewhere goes in the background. */
  onRemove: (model: Model) => void
}) {
  const { database, files, loader, shelf, catalogue, serving, clock, ids, log, maxSizeBytes, onRemove } =
    dependencies
  const lookup = createLookup({ catalogue, database })
  const system = createModelStore(database.system)

  /** Under the lock of the owner: what their plan allows and the next number stay true until the row is there. */
  async function insert(
    caller: Caller,
    draft: ModelDraft,
    rest: ModelChange & Pick<Model, 'status'>,
    id: string,
    within: WithinTransaction<Model> | undefined,
  ): Promise<Model> {
    refuseWhoCannotOwn(caller)
    const owner_id = caller.userId
    const { name, visibility, price, kind, description = null } = draft
    return database.as(caller, async db => {
      const store = createModelStore(db)
      await store.lockOwner(owner_id)
      await bytesLeft(store, owner_id, { versions: 1, bytes: rest.file_size_bytes ?? 0 })
      const newest = draft.onlyIfChanged ? await store.newest(owner_id, name) : null
      if (newest && newest.file_hash === rest.file_hash) throw taken(newest)
      const version = draft.version ?? (await store.nextVersion(owner_id, name))
      const model = await store.insert({
        id,
        owner_id,
        name,
        version,
        description,
        visibility,
        price,
        kind,
        ...rest,
      })
      if (!model) throw taken({ name, version })
      await within?.(db, model)
      return model
    })
  }

  function roomFor(caller: Caller, ownerId: string | null, added: Addition): Promise<number> {
    return database.as(caller, db => bytesLeft(createModelStore(db), ownerId, added))
  }

  async function mustExist(caller: Caller, id: string): Promise<Model> {
    return visible(caller, await database.as(caller, db => createModelStore(db).byId(id)), { id })
  }

  /** When the database fell silent a row may name the bytes all the same; then the sweep decides. */
  async function dropRefused(upload: StoredUpload, error: unknown): Promise<void> {
    if (!isProblem(error) || error.code !== 'database-unavailable') await files.remove(upload.key)
  }

  return {
    /**
     * Streams the file into the store; no row knows of it yet. It will count for the owner.
     * @throws Problem `quota-exceeded`, `payload-too-large` as soon as it is too large. Nothing is kept then.
     */
    async receive(caller: Caller, source: Readable, ownerId = caller.userId): Promise<StoredUpload> {
      refuseWhoCannotOwn(caller)
      const key = keyOf(ids.uuid())
      const left = await roomFor(caller, ownerId, { versions: 0, bytes: 0 })
      try {
        return { key, ...(await files.put(key, source, { maxBytes: Math.min(maxSizeBytes, left) })) }
      } catch (error) {
        const isOverQuota = left < maxSizeBytes && isProblem(error) && error.code === 'payload-too-large'
        throw isOverQuota ? tooManyBytes(left) : error
      }
    },

    /** Bytes that no row came to name. */
    discard: (upload: StoredUpload): Promise<void> => files.remove(upload.key),

    validate: (caller: Caller, id: string): Promise<Validation> =>
      validateModel({ database, loader, shelf, catalogue }, caller, id),

    /** @throws Problem `model-exists`, `quota-exceeded`. */
    async create(caller: Caller, draft: ModelDraft, within?: WithinTransaction<Model>): Promise<Model> {
      const model = await insert(caller, draft, { status: 'pending' }, ids.uuid(), within)
      // It may make the name the house's.
      await catalogue.changed(model.id, model)
      return model
    },

    /** @throws Problem when the caller may not add a version with a file of at least so many bytes. */
    async checkMayPush(caller: Caller, leastBytes: number): Promise<void> {
      refuseWhoCannotOwn(caller)
      await roomFor(caller, caller.userId, { versions: 1, bytes: leastBytes })
    },

    /**
     * From a stored upload to a ready, warm version. The row comes last, in one insert: whatever fails or dies before
     * leaves no trace but bytes that the sweep removes.
     * @throws Problem `invalid-model`, `model-exists`, `quota-exceeded`.
     */
    async push(
      caller: Caller,
      draft: ModelDraft,
      upload: StoredUpload,
      within?: WithinTransaction<Model>,
    ): Promise<Model> {
      const file = { file_key: upload.key, file_hash: upload.sha256, file_size_bytes: upload.sizeBytes }
      const source = {
        id: ids.uuid(),
        owner_id: caller.userId,
        name: draft.name,
        version: draft.version ?? '',
        ...file,
      }
      let loaded: LoadedModel | undefined
      let model: Model
      try {
        refuseWhoCannotOwn(caller)
        source.version = await database.as(caller, async db => {
          const store = createModelStore(db)
          await bytesLeft(store, caller.userId, { versions: 1, bytes: upload.sizeBytes })
          if (draft.version === undefined) return store.nextVersion(caller.userId, draft.name)
          const { name, version } = draft
          if (await store.isTaken({ owner_id: caller.userId, name, version })) throw taken(draft)
          return version
        })
        const startedAt = clock.elapsed()
        loaded = await loader.load(source, { hashKnown: true })
        if (clock.elapsed() - startedAt > longestLoadMs) throw tooSlow()
        const described = describeFile(loaded)
        const metadata = { ...described.metadata, ...draft.metadata }
        const row = { ...described, metadata, status: 'ready', ...file } as const
        model = await insert(caller, draft, row, source.id, within)
      } catch (error) {
        await loaded?.close()
        await dropRefused(upload, error)
        throw error
      }
      source.version = model.version
      shelf.put(loaded)
      await catalogue.changed(model.id, model)
      log.info('model-push', {
        model: modelLabel(model),
        size_bytes: upload.sizeBytes,
        sha256: upload.sha256,
      })
      return model
    },

    /** Gives a pending version its file. @throws Problem `model-has-file`, `quota-exceeded`. */
    async attach(caller: Caller, id: string, upload: StoredUpload): Promise<Model> {
      const change = {
        status: 'uploaded',
        file_key: upload.key,
        file_hash: upload.sha256,
        file_size_bytes: upload.sizeBytes,
      } as const
      try {
        return await changeModel(database, { caller, id, action: 'model-upload' }, async (store, before) => {
          await store.lockOwner(before.owner_id)
          await bytesLeft(store, before.owner_id, { versions: 0, bytes: upload.sizeBytes })
          const model = await store.update(id, change, ['pending'])
          if (model) return model
          throw hasFile(before)
        })
      } catch (error) {
        await dropRefused(upload, error)
        throw error
      }
    },

    /**
     * The version, when the caller may give it a file of at least so many bytes.
     * @throws Problem when not, before any byte is read.
     */
    async checkMayAttach(caller: Caller, id: string, leastBytes: number): Promise<Model> {
      const model = manageable(caller, await mustExist(caller, id))
      if (model.status !== 'pending') throw hasFile(model)
      await roomFor(caller, model.owner_id, { versions: 0, bytes: leastBytes })
      return model
    },

    get: mustExist,

    /** What the caller has, and may have by their plan; null for the house. */
    async used(caller: Caller): Promise<AccountLimits['models']> {
      const { userId } = caller
      const use =
        userId === null ? undefined : await database.as(caller, db => createModelStore(db).usage(userId))
      if (!use) return null
      const { versions, max_models, bytes, max_model_bytes } = use
      return { versions, max_versions: max_models, bytes, max_bytes: max_model_bytes }
    },

    async list(caller: Caller, filter: ModelFilter): Promise<Model[]> {
      const models = await database.as(caller, db => createModelStore(db).list(filter))
      return models.filter(model => maySee(caller, model))
    },

    /** Every version of a name, newest first. */
    versions: lookup.versions,

    /** The version that serves, else the newest. */
    async latest(caller: Caller, name: string): Promise<Model> {
      return lookup.row(caller, { name })
    },

    /** Describes, prices, shares, archives or brings back. */
    async update(caller: Caller, id: string, change: ModelUpdate): Promise<Model> {
      const details = { fields: Object.keys(change) }
      const model = await changeModel(
        database,
        { caller, id, action: 'model-update', details },
        async (store, before) => {
          // Only what was ready may be archived, so only that comes back.
          const from = change.status === undefined ? undefined : (['ready', 'archived'] as const)
          const after = await store.update(id, change, from)
          if (after) return after
          if (!from) throw noModel(caller, { id })
          throw new Problem(
            'model-state',
            `Model ${modelLabel(before)} cannot become ${change.status}: its status is ${before.status}.`,
          )
        },
      )
      await catalogue.changed(id, model)
      // Runs that were accepted are finished behind the answer.
      if (model.status === 'archived') void shelf.drop(id)
      return model
    },

    /** Row first: bytes without a row are swept, a row without bytes would be a broken model. */
    async remove(caller: Caller, id: string): Promise<void> {
      const model = await changeModel(database, { caller, id, action: 'model-remove' }, async store => {
        const removed = await store.remove(id)
        if (removed) return removed
        throw noModel(caller, { id })
      })
      await catalogue.changed(id, null)
      void shelf.drop(id)
      onRemove(model)
      if (model.file_key !== null) await files.remove(model.file_key)
    },

    load: (caller: Caller, name: string): Promise<Model> =>
      loadOnRequest({ database, shelf, catalogue, serving }, caller, name),

    unload: (caller: Caller, name: string): Promise<void> =>
      unloadOnRequest({ database, shelf, catalogue, serving }, caller, name),

    sweep: (now: number): Promise<void> => sweepModels({ store: system, files, log }, now),

    neverUsed: (): Promise<boolean> => system.neverUsed(),
  }
}

function taken(draft: Pick<ModelDraft, 'name' | 'version'>): Problem {
  return new Problem(
    'model-exists',
    `You have a model ${draft.name} of version ${draft.version ?? ''} already. Choose another version, or leave it out for the next number.`,
  )
}

function tooSlow(): Problem {
  return new Problem(
    'invalid-model',
    `Loading and measuring the model took more than ${longestLoadMs / 60_000} minutes. Upload it in steps: POST /api/v1/models, then /upload and /validate.`,
  )
}

function hasFile(model: Model): Problem {
  return new Problem(
    'model-has-file',
    `Model ${modelLabel(model)} has its file already. Create a new version instead.`,
  )
}
