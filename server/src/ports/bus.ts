/**
 * Tells every replica, this one included. At most once, in order per publisher; a listener that must not miss
 * anything also asks the database, after `onGap` and now and then.
 */
export type Bus = {
  /** `message` is at most 7,000 bytes of UTF-8 (NOTIFY's own limit is 8,000). */
  publish(topic: string, message: string): Promise<void>
  subscribe(topic: string, listener: (message: string) => void): () => void
  /** Called after messages may have been lost: on every reconnect. */
  onGap(listener: () => void): () => void
  close(): Promise<void>
}
