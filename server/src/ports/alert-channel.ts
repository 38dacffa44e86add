/** What a receiver is told. Everything but `messageId` is what it sees. */
export type AlertMessage = {
  /** The same for every attempt to deliver this message: a receiver knows by it what it has had already. */
  readonly messageId: string
  /** Of the alert: the same when it is told again, and when it is told to be over. */
  readonly id: string
  readonly type: string
  readonly status: 'open' | 'resolved' | 'test'
  readonly severity: 'critical' | 'warning' | 'info'
  /** One sentence. */
  readonly summary: string
  readonly details: Readonly<Record<string, unknown>>
  /** ISO 8601, when this message was made. */
  readonly at: string
}

/** `detail` is a sentence for the operator and holds no secrets. */
export type AlertOutcome =
  | { readonly ok: true; readonly detail: string }
  | {
      readonly ok: false
      readonly detail: string
      /** The receiver asked not to be tried again before. */
      readonly retryAfterMs?: number
      /** The same at once would be refused the same way. */
      readonly lasting: boolean
    }

/** A way to people. */
export type AlertChannel = {
  /** `webhook`, `email`. */
  readonly name: string
  /** One attempt. Never rejects; ends within 15 s, and at once by the signal. */
  send(message: AlertMessage, signal: AbortSignal): Promise<AlertOutcome>
}
