/**
 * Requests to addresses that users choose. Where a request really goes is judged when it is connected to, at every hop, so
 * that no spelling of an address and no server of names can aim it at a network of the house.
 */
export type Outbound = {
  /**
   * As the global one, for `http` and `https`. Follows at most 3 redirects, and drops what identifies us when one leads to
   * another origin. The body of the answer breaks off with `address-failed` when it is larger or takes longer than allowed.
   * @throws Problem `address-refused` for an address that may not be reached, `address-failed` when there was no answer.
   */
  fetch(url: string | URL, request?: OutboundRequest): Promise<Response>
  close(): Promise<void>
}

export type OutboundRequest = Omit<
  RequestInit,
  'redirect' | 'credentials' | 'mode' | 'cache' | 'referrer'
> & {
  /** From the start to the last byte of the answer. 10 s when absent. */
  readonly timeoutMs?: number
  /** Of the answer, as it is unpacked. 10 MB when absent. */
  readonly maxBytes?: number
}
