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
  /** A job was begun for the first time, so long after it could have been. */
  jobBegin(job: { kind: string; waitMs: number }): void
  jobEnd(job: { kind: string; status: string }): void
  /** Drops what was measured of a version that is gone. */
  forget(model: string, version: string): void
  /** Answers since the start; `failed` are those with 5xx. */
  requests(): { total: number; failed: number }
  /** Prometheus text. */
  text(): Promise<string>
  readonly contentType: string
}
