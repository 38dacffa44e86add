/** Values that may vanish at any time. No call ever rejects or takes longer than 250 ms: a fault is a miss. */
export type Cache = {
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined
  set(key: string, value: Uint8Array, ttlSeconds: number): Promise<void> | void
  /** Drops every entry whose key starts with the prefix. */
  clear(prefix: string): Promise<void>
  /** Entries held, as far as is known without asking anyone. */
  size(): number
  health(): { kind: 'memory' | 'redis'; ok: boolean; reason?: string }
  close(): Promise<void>
}
