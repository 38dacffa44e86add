/** Where measurements go. Nothing here may throw or wait. */
export type Metrics = {
  request(request: { method: string; route: string; status: number; durationMs: number }): void
  batch(batch: {
    model: string
    version: string
    rows: number
    requests: number
    computeMs: number
    reason: string
    ok: boolean
  }): void
  /** Drops what was measured of a version that is gone. */
  forget(model: string, version: string): void
  /** Prometheus text. */
  text(): Promise<string>
  readonly contentType: string
}
