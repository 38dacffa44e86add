/** Pictures of pages by a key: what is being made is made once for all who ask, what was made is kept for a while. */
export type PageCache = {
  /** @throws what `make` throws, and the reason of the caller's signal. */
  get(
    key: string,
    make: (signal: AbortSignal) => Promise<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Uint8Array>
}

type Making = { readonly picture: Promise<Uint8Array>; readonly stop: AbortController; wantedBy: number }

/** @param options.maxBytes Kept at most; what was not asked for the longest goes first. */
export function createPageCache({ maxBytes }: { maxBytes: number }): PageCache {
  const kept = new Map<string, Uint8Array>()
  const beingMade = new Map<string, Making>()
  let keptBytes = 0

  function keep(key: string, picture: Uint8Array): void {
    if (picture.byteLength > maxBytes) return
    kept.set(key, picture)
    keptBytes += picture.byteLength
    for (const [oldest, { byteLength }] of kept) {
      if (keptBytes <= maxBytes) return
      kept.delete(oldest)
      keptBytes -= byteLength
    }
  }

  function start(key: string, make: (signal: AbortSignal) => Promise<Uint8Array>): Making {
    const stop = new AbortController()
    const picture = make(stop.signal).then(made => {
      keep(key, made)
      return made
    })
    const making = { picture, stop, wantedBy: 0 }
    beingMade.set(key, making)
    const done = () => {
      if (beingMade.get(key) === making) beingMade.delete(key)
    }
    picture.then(done, done)
    return making
  }

  return {
    async get(key, make, signal) {
      signal?.throwIfAborted()
      const known = kept.get(key)
      if (known) {
        kept.delete(key)
        kept.set(key, known)
        return known
      }
      const making = beingMade.get(key) ?? start(key, make)
      making.wantedBy += 1
      const gone = Promise.withResolvers<never>()
      const leave = () => gone.reject(signal?.reason)
      signal?.addEventListener('abort', leave)
      try {
        return await Promise.race([making.picture, gone.promise])
      } finally {
        signal?.removeEventListener('abort', leave)
        making.wantedBy -= 1
        if (making.wantedBy === 0 && beingMade.get(key) === making) {
          // Nobody waits for it any more; who comes now begins anew.
          beingMade.delete(key)
          making.stop.abort()
        }
      }
    },
  }
}
