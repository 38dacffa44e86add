import type { Readable } from 'node:stream'
import { isProblem, type ModelStatus, Problem, type Visibility } from '@roundhouse/sdk/contract'
import type { Ids } from '../kit/ids.ts'
import { invariant } from '../kit/invariant.ts'
import type { Log } from '../kit/log.ts'
import type { FileStore } from '../ports/file-store.ts'
import type { Catalogue } from './catalogue.ts'
import type { LoadedModel, Loader } from './loader.ts'
import { type Model, modelLabel, toStoredSchema } from './model.ts'
import type { Serving } from './serving.ts'
import type { Shelf } from './shelf.ts'
import type { ModelChange, ModelFilter, ModelStore } from './store.ts'

export type ModelDraft = {
  name: string
  /** The next whole number of the name when absent. */
  version?: string | undefined
  description?: string | null | undefined
  visibility?: Visibility | undefined
  price?: number | undefined
}

/** What an owner may change; an absent field stays as it is. */
export type ModelUpdate = {
  description?: string | null | undefined
  visibility?: Visibility | undefined
  price?: number | undefined
  status?: 'archived' | 'ready' | undefined
}

/** What the file proved to be. `model` is the row after it. */
export type Validation = { valid: boolean; model: Model }

/** A stored upload that no row names yet. */
export type StoredUpload = { key: string; sizeBytes: number; sha256: string }

/** The life of a model version, from its row to its removal. */
export type Registry = ReturnType<typeof createRegistry>

export function createRegistry(dependencies: {
  store: ModelStore
  files: FileStore
  loader: Loader
  shelf: Shelf
  catalogue: Catalogue
  serving: Serving
  ids: Ids
  log: Log
  maxSizeBytes: number
  /** Called after a version is gone; what is kept of it elsewhere goes in the background. */
  onRemove: (model: Model) => void
}) {
  const { store, files, loader, shelf, catalogue, serving, ids, log, maxSizeBytes, onRemove } = dependencies

  /** Without a version two callers may compute the same next number; the loser takes the one after. */
  async function insert(
    draft: ModelDraft,
    rest: ModelChange & Pick<Model, 'status'>,
    id: string,
  ): Promise<Model> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const version = draft.version ?? (await store.nextVersion(draft.name))
      const { visibility, price } = draft
      const model = await store.insert({
        id,
        name: draft.name,
        version,
        description: draft.description ?? null,
        ...(visibility === undefined ? {} : { visibility }),
        ...(price === undefined ? {} : { price }),
        ...rest,
      })
      if (model) return model
      if (draft.version !== undefined) break
    }
    throw taken(draft)
  }

  function taken(draft: ModelDraft): Problem {
    return new Problem(
      'model-exists',
      `Model ${draft.name} has a version ${draft.version ?? ''} already. Choose another version, or leave it out for the next number.`,
    )
  }

  /** Streams the file into the store; no row knows of it yet. */
  /** Streams the file into the store; no row knows of it yet. */
  async function receive(source: Readable): Promise<StoredUpload> {
    const key = `models/${ids.uuid()}`
    return { key, ...(await files.put(key, source, { maxBytes: maxSizeBytes })) }
  }

  /** What a row says of a file that was loaded and warmed. */
  function description(loaded: LoadedModel): ModelChange {
    return {
      format: loaded.facts.format,
      input_schema: toStoredSchema(loaded.signature.inputs),
      output_schema: toStoredSchema(loaded.signature.outputs),
      metadata: {
        properties: loaded.facts.properties,
        deterministic: loaded.facts.deterministic,
        executor: {
          place: loaded.plan.place,
          batching: loaded.plan.batching,
          max_batch_rows: loaded.plan.maxRows,
          note: loaded.plan.note,
          curve: loaded.plan.curve,
        },
      },
    }
  }

  async function mustExist(id: string): Promise<Model> {
    const model = await store.byId(id)
    if (!model) throw new Problem('model-not-found', `There is no model with the id ${id}.`)
    return model
  }

  /** A version that serves goes on serving while it is looked at again, and after it when the fault is not its own. */
  async function validate(id: string): Promise<Validation> {
    const before = await mustExist(id)
    const claimed = before.status === 'ready' ? before : await claim(before)
    const during = claimed.status
    let loaded: LoadedModel | undefined
    let model: Model | null
    try {
      loaded = await loader.load(claimed)
      model = await store.update(
        id,
        { ...description(loaded), status: 'ready', error: null, unloaded: false },
        [during],
      )
      if (!model) throw new Problem('model-not-found', `The model ${id} was removed while it was validated.`)
    } catch (error) {
      await loaded?.close()
      return notValid(error, before, during)
    }
    shelf.put(loaded)
    await catalogue.changed(id, model)
    return { valid: true, model }
  }

  async function claim(before: Model): Promise<Model> {
    const from = ['uploaded', 'error'] as const
    const claimed = await store.update(before.id, { status: 'validating', error: null }, from)
    if (claimed) return claimed
    throw new Problem(
      'model-state',
      `Model ${modelLabel(before)} cannot be validated: its status is ${before.status}${before.status === 'pending' ? ', it has no file yet' : ''}.`,
    )
  }

  /** What the file is to blame for becomes its status; after anything else it is what it was. @throws the error then. */
  async function notValid(error: unknown, before: Model, during: ModelStatus): Promise<Validation> {
    if (!isProblem(error) || (error.code !== 'invalid-model' && error.code !== 'hash-mismatch')) {
      // Should this fail too, the sweep does it.
      if (during === 'validating')
        await store.update(before.id, { status: before.status }, [during]).catch(() => {})
      throw error
    }
    const model = await store.update(before.id, { status: 'error', error: error.message }, [during])
    if (!model) throw error
    await catalogue.changed(before.id, model)
    return { valid: false, model }
  }

  return {
    receive,
    validate,

    /** Bytes that no row came to name. */
    discard: (upload: StoredUpload): Promise<void> => files.remove(upload.key),

    /** @throws Problem `model-exists`. */
    create(draft: ModelDraft): Promise<Model> {
      return insert(draft, { status: 'pending' }, ids.uuid())
    },

    /**
     * From a stored upload to a ready, warm version. The row comes last, in one insert: whatever fails or dies before
     * leaves no trace but bytes that the sweep removes.
     * @throws Problem `invalid-model`, `model-exists`.
     */
    async push(draft: ModelDraft, upload: StoredUpload): Promise<Model> {
      const file = { file_key: upload.key, file_hash: upload.sha256, file_size_bytes: upload.sizeBytes }
      const source = { id: ids.uuid(), name: draft.name, version: draft.version ?? '', ...file }
      let loaded: LoadedModel | undefined
      let model: Model
      try {
        if (draft.version === undefined) source.version = await store.nextVersion(draft.name)
        else if ((await store.list({ name: draft.name, version: draft.version, limit: 1 })).length > 0)
          throw taken(draft)
        loaded = await loader.load(source, { hashKnown: true })
        model = await insert(draft, { ...description(loaded), status: 'ready', ...file }, source.id)
      } catch (error) {
        await loaded?.close()
        // When the database fell silent the row may be there all the same; then the sweep decides.
        if (!isProblem(error) || error.code !== 'database-unavailable') await files.remove(upload.key)
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

    /** Gives a pending version its file. @throws Problem `model-has-file`. */
    async attach(id: string, upload: StoredUpload): Promise<Model> {
      const change = {
        status: 'uploaded',
        file_key: upload.key,
        file_hash: upload.sha256,
        file_size_bytes: upload.sizeBytes,
      } as const
      const model = await store.update(id, change, ['pending'])
      if (model) return model
      await files.remove(upload.key)
      const other = await mustExist(id)
      throw new Problem(
        'model-has-file',
        `Model ${modelLabel(other)} has its file already. Create a new version instead.`,
      )
    },

    /** @throws Problem when the version cannot take a file, before any byte is read. */
    async checkMayAttach(id: string): Promise<void> {
      const model = await mustExist(id)
      if (model.status !== 'pending')
        throw new Problem(
          'model-has-file',
          `Model ${modelLabel(model)} has its file already. Create a new version instead.`,
        )
    },

    get: mustExist,
    list: (filter: ModelFilter): Promise<Model[]> => store.list(filter),

    /** Every version of a name, newest first. @throws Problem `model-not-found`. */
    async versions(name: string): Promise<Model[]> {
      const models = await store.list({ name, limit: 1000 })
      if (models.length === 0) throw new Problem('model-not-found', `There is no model named ${name}.`)
      return models
    },

    /** The version that serves, else the newest. */
    async latest(name: string): Promise<Model> {
      return serving.row({ name })
    },

    /** Describes, prices, shares, archives or brings back. */
    async update(id: string, change: ModelUpdate): Promise<Model> {
      // Only what was ready may be archived, so only that comes back.
      const model = await store.update(
        id,
        change,
        change.status === undefined ? undefined : ['ready', 'archived'],
      )
      if (!model) {
        const other = await mustExist(id)
        throw new Problem(
          'model-state',
          `Model ${modelLabel(other)} cannot become ${change.status}: its status is ${other.status}.`,
        )
      }
      await catalogue.changed(id, model)
      // Runs that were accepted are finished behind the answer.
      if (model.status === 'archived') void shelf.drop(id)
      return model
    },

    /** Row first: bytes without a row are swept, a row without bytes would be a broken model. */
    async remove(id: string): Promise<void> {
      const model = await store.remove(id)
      if (!model) throw new Problem('model-not-found', `There is no model with the id ${id}.`)
      await catalogue.changed(id, null)
      void shelf.drop(id)
      onRemove(model)
      if (model.file_key !== null) await files.remove(model.file_key)
    },

    /** Loads again now; the version that serves goes on until the new session is warm, and stays when it fails. */
    async load(name: string): Promise<Model> {
      const model = await serving.row({ name })
      if (model.status !== 'ready')
        throw new Problem(
          'model-state',
          `Model ${modelLabel(model)} cannot be loaded: its status is ${model.status}.`,
        )
      await shelf.reload(model)
      for (const version of catalogue.readyVersions(name))
        if (version.unloaded) await setUnloaded(version, false)
      return model
    },

    /** Takes every version of the name out of memory, on every replica, until it is loaded again. */
    async unload(name: string): Promise<void> {
      await serving.row({ name })
      const versions = [...catalogue.readyVersions(name)]
      for (const version of versions) await setUnloaded(version, true)
      // Runs that were accepted are finished behind the answer.
      for (const version of versions) void shelf.drop(version.id)
    },

    /** Removes bytes that no row names and frees validations whose process died. */
    async sweep(now: number): Promise<void> {
      await store.resetStaleValidations(staleMinutes)
      let keys: string[] = []
      const removeUnknown = async () => {
        const known = await store.knownFileKeys(keys)
        for (const key of keys) {
          if (known.has(key)) continue
          await files.remove(key)
          log.warn('file-sweep', { key, reason: 'no row names it' })
        }
        keys = []
      }
      for await (const file of files.list('models/')) {
        if (now - file.storedAt > staleMinutes * 60_000) keys.push(file.key)
        if (keys.length >= 500) await removeUnknown()
      }
      if (keys.length > 0) await removeUnknown()
    },

    neverUsed: (): Promise<boolean> => store.neverUsed(),
  }

  async function setUnloaded(version: Model, unloaded: boolean): Promise<void> {
    const model = await store.update(version.id, { unloaded }, ['ready'])
    invariant(model === null || model.id === version.id, 'an update returns the row it changed')
    if (model) await catalogue.changed(version.id, model)
  }
}

/** No upload takes longer: the request itself ends after five minutes. */
const staleMinutes = 60
