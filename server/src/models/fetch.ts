import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { ArtifactFacts, ArtifactSource } from '../ports/artifact-source.ts'
import type { FileStore } from '../ports/file-store.ts'
import { readArtifact } from './artifact-stream.ts'
import type { DeclaredModel } from './declared.ts'
import { hashOfFile, keepCopy, writeCopy, wrongHash } from './local-copy.ts'
import { type Model, modelLabel } from './model.ts'
import { createPatience, isLasting, type Patience, StorageOutage, whatHappened } from './patience.ts'
import type { Registry, StoredUpload } from './registry.ts'
import type { ModelStore } from './store.ts'

/** A declared model that is not what it should be. `blocks` when nothing serves in its place and it is required. */
export type FetchTrouble = {
  readonly model: DeclaredModel
  readonly sentence: string
  readonly blocks: boolean
}

/** Brings the declared models into the registry, as versions of the house. */
export type ModelFetcher = {
  /**
   * Before ready: each declared model is there with the bytes of its file, or why not is among the `troubles`.
   * @throws Error, one sentence, when a required model has no version and the storage gave nothing for 120 s; the
   * reason of the signal.
   */
  fetchAll(signal: AbortSignal): Promise<void>
  /** Those in trouble once more: what is wrong may have been mended in the storage. Ends quietly with the signal. */
  retry(signal: AbortSignal): Promise<void>
  troubles(): FetchTrouble[]
}

type Trouble = FetchTrouble & { readonly error: unknown; readonly etag: string | undefined }
type FetchedFrom = { upload: StoredUpload; from: string }

const caller = serviceCaller('model-fetch')
const outageMs = 120_000
/** Where something serves already, or may be missing, the start is not held up for long. */
const shortOutageMs = 30_000
/** A file that changes under the download, or came with a wrong hash, is begun again so often. */
const maxRestarts = 2

export function createModelFetcher(dependencies: {
  models: readonly DeclaredModel[]
  source: ArtifactSource
  registry: Pick<Registry, 'receive' | 'discard' | 'push' | 'update'>
  files: Pick<FileStore, 'read'>
  store: Pick<ModelStore, 'newest'>
  clock: Clock
  ids: Ids
  log: Log
}): ModelFetcher {
  const { models, source, registry, files, store, clock, ids, log } = dependencies
  const troubles = new Map<string, Trouble>()

  const newest = ({ name, version }: DeclaredModel) => store.newest(null, name, version)

  /** Until it is there, or there is no use in going on. */
  async function settle(model: DeclaredModel, signal: AbortSignal): Promise<void> {
    const startedAt = clock.elapsed()
    const served = (await newest(model))?.status === 'ready'
    const patience = createPatience({
      clock,
      limitMs: model.required && !served ? outageMs : shortOutageMs,
      signal,
      onRetry: (error, waitMs) =>
        log.warn('model-fetch-retry', { ...about(model), wait_ms: waitMs, reason: whatHappened(error) }),
    })
    const seen: { etag?: string } = {}
    for (let restarts = 0; ; ) {
      try {
        const done = await bring(model, patience, seen)
        troubles.delete(model.name)
        log.info(done ? 'model-fetch' : 'model-fetch-skip', {
          ...about(model),
          ...(done ?? { reason: 'unchanged' }),
          duration_ms: Math.round(clock.elapsed() - startedAt),
        })
        return
      } catch (error) {
        signal.throwIfAborted()
        try {
          if (isWorthARestart(error) && ++restarts <= maxRestarts) await patience.after(error)
          else if (isLasting(error)) throw error
          else await patience.after(error)
        } catch (final) {
          signal.throwIfAborted()
          return note(model, { error: final, etag: seen.etag, blocks: model.required && !served })
        }
      }
    }
  }

  function note(
    model: DeclaredModel,
    { error, etag, blocks }: Pick<Trouble, 'error' | 'etag' | 'blocks'>,
  ): void {
    const sentence = `Model ${model.name} could not be fetched from ${source.label}: ${isProblem(error) ? error.message : `${whatHappened(error)}.`}`
    if (troubles.get(model.name)?.sentence !== sentence)
      log.error('model-fetch-fail', { ...about(model), reason: sentence })
    troubles.set(model.name, { model, sentence, blocks, error, etag })
  }

  /** Undefined when there was nothing to do. */
  async function bring(
    model: DeclaredModel,
    patience: Patience,
    seen: { etag?: string },
  ): Promise<Record<string, unknown> | undefined> {
    const current = await newest(model)
    if (current && current.file_hash === model.sha256) return adopt(current, model, patience)
    const local = model.localPath === undefined ? undefined : await hashOfFile(model.localPath)
    const decided = !model.download || (local !== undefined && local === model.sha256)
    const facts = decided ? undefined : await patience.within(signal => source.stat(model, signal))
    if (!decided && !facts) throw missing(`There is no object ${model.bucket}/${model.path}. Put it there.`)
    if (decided && local === undefined) {
      if (current || model.localPath === undefined)
        return current ? adopt(current, model, patience) : undefined
      throw missing(`There is no file ${model.localPath}, and MODEL_DOWNLOAD_ON_STARTUP is false.`)
    }
    if (facts && current && isOf(current, model, facts)) return adopt(current, model, patience)
    if (facts) refuseKnown(model, facts, seen)

    const expected = model.sha256 ?? facts?.sha256
    if (facts?.sha256 !== undefined && facts.sha256 !== expected)
      throw wrongHash(expected ?? '', facts.sha256)
    if (current && current.file_hash === (expected ?? (decided ? local : undefined)))
      return adopt(current, model, patience)
    const { upload, from } = await receive(model, { facts, local, expected }, patience)
    const result = { size_bytes: upload.sizeBytes, sha256: upload.sha256, from }
    if (expected !== undefined && upload.sha256 !== expected) {
      await registry.discard(upload)
      throw wrongHash(expected, upload.sha256)
    }
    const pushed = await push(model, upload, facts)
    return pushed ? { ...result, model: modelLabel(pushed) } : undefined
  }

  /** What failed for good is not fetched again before it has changed. */
  function refuseKnown(model: DeclaredModel, { etag }: ArtifactFacts, seen: { etag?: string }): void {
    seen.etag = etag
    const before = troubles.get(model.name)
    if (before?.etag === etag && isLasting(before.error) && !(before.error instanceof StorageOutage))
      throw before.error
  }

  async function receive(
    model: DeclaredModel,
    {
      facts,
      local,
      expected,
    }: { facts?: ArtifactFacts | undefined; local: string | undefined; expected: string | undefined },
    patience: Patience,
  ): Promise<FetchedFrom> {
    const { localPath } = model
    const isThere = local !== undefined && (facts === undefined || local === expected)
    if (localPath !== undefined && facts && !isThere)
      await writeCopy(localPath, readArtifact(source, model, facts, patience), {
        sha256: expected,
        part: ids.uuid(),
      })
    const bytes =
      localPath !== undefined || !facts
        ? createReadStream(localPath ?? '')
        : Readable.from(readArtifact(source, model, facts, patience))
    try {
      return { upload: await registry.receive(caller, bytes), from: isThere ? 'local copy' : source.label }
    } finally {
      bytes.destroy()
    }
  }

  /** Undefined when another replica was faster with the same bytes. */
  async function push(
    model: DeclaredModel,
    upload: StoredUpload,
    facts: ArtifactFacts | undefined,
  ): Promise<Model | undefined> {
    const { name, version, price, kind, visibility = 'users' } = model
    const metadata = facts && { artifact: artifactOf(model, facts) }
    try {
      return await registry.push(
        caller,
        { name, version, price, kind, visibility, metadata, onlyIfChanged: true },
        upload,
      )
    } catch (error) {
      if (!isProblem(error) || error.code !== 'model-exists') throw error
      const there = await newest(model)
      if (there?.file_hash === upload.sha256) return undefined
      throw new Problem(
        'model-exists',
        `Version ${version} of ${name} is there with other bytes, and a version never changes. Declare the new file with another version, or with none.`,
        { cause: error },
      )
    }
  }

  /** What is there is the declared file; the declaration may say more of it. */
  async function adopt(current: Model, model: DeclaredModel, patience: Patience): Promise<undefined> {
    const { visibility, price, kind } = model
    const change = {
      ...(visibility !== undefined && visibility !== current.visibility ? { visibility } : {}),
      ...(price !== undefined && price !== current.price ? { price } : {}),
      ...(kind !== undefined && kind !== current.kind ? { kind } : {}),
    }
    if (Object.keys(change).length > 0) await registry.update(caller, current.id, change)
    // An administrator took it out of service; a start does not take that back.
    if (current.status === 'archived')
      log.warn('model-fetch-archived', { model: modelLabel(current), detail: 'It has been archived.' })
    const { localPath } = model
    if (localPath === undefined || !model.download) return
    if (await keepCopy(localPath, current, { files, patience, part: ids.uuid() }))
      log.info('model-copy', { model: modelLabel(current), path: localPath })
  }

  return {
    async fetchAll(signal) {
      const ended = new AbortController()
      const both = AbortSignal.any([signal, ended.signal])
      const results = await Promise.allSettled(
        models.map(async model => {
          await settle(model, both)
          const trouble = troubles.get(model.name)
          if (!trouble?.blocks || !(trouble.error instanceof StorageOutage)) return
          ended.abort(
            new Error(`${trouble.sentence} Check the storage and FILES_URL, then start again.`, {
              cause: trouble.error,
            }),
          )
        }),
      )
      both.throwIfAborted()
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    async retry(signal) {
      await Promise.all([...troubles.values()].map(({ model }) => settle(model, signal))).catch(error => {
        if (!signal.aborted) throw error
      })
    },
    troubles: () => [...troubles.values()],
  }
}

function about({ name, bucket, path }: DeclaredModel): Record<string, unknown> {
  return { model: name, object: `${bucket}/${path}` }
}

/** Changed or damaged on the way: the next try may get it whole. */
function isWorthARestart(error: unknown): boolean {
  return isProblem(error) && (error.code === 'conflict' || error.code === 'hash-mismatch')
}

function artifactOf({ bucket, path }: DeclaredModel, { etag }: ArtifactFacts): Record<string, string> {
  return { bucket, path, etag }
}

function isOf(current: Model, model: DeclaredModel, facts: ArtifactFacts): boolean {
  if (facts.sha256 !== undefined) return current.file_hash === facts.sha256
  return isDeepStrictEqual(current.metadata.artifact, artifactOf(model, facts))
}

function missing(sentence: string): Problem {
  return new Problem('resource-not-found', sentence)
}
