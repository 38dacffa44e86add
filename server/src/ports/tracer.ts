/** A piece of work that is over. Attributes never hold what was asked or answered. */
export type FinishedSpan = {
  /** 32 hexadecimal digits, and 16 each of the others. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  /** `client`: the work was done elsewhere, and waited for. */
  readonly kind: 'internal' | 'client'
  readonly startedAt: Date
  readonly endedAt: Date
  /** The kind of failure, one of few; null where there was none. */
  readonly errorType: string | null
  readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

/** Where spans go. Nothing here throws; who is slow or away loses spans and disturbs nobody. */
export type Tracer = {
  span(span: FinishedSpan): void
  /** Sends what waits; over within 2 s. */
  close(): Promise<void>
}
