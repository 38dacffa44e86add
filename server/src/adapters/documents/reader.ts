import { Problem } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import type { DocumentReader, ReadDocument, UnreadDocument } from '../../ports/document-reader.ts'
import { startChild } from './child.ts'
import { kindOf } from './kind.ts'
import { readDocument } from './read.ts'
import { Unreadable } from './unreadable.ts'

/** Texts of this size take a millisecond or so; what is larger, and every other kind, is read in a process of its own. */
const inlineBytes = 16 * 1024
/** A process has up to `memoryBytes`. */
const atOnce = 2

/** One process for each document, which is ended when it takes too long or too much: nothing of one is left for the next. */
export function createDocumentReader(options: {
  log: Log
  timeoutMs: number
  /** Resident; watched where there is /proc. */
  memoryBytes: number
}): DocumentReader {
  const running = new Set<Promise<unknown>>()
  const closing = new AbortController()

  async function turn(signal: AbortSignal): Promise<void> {
    while (running.size >= atOnce) {
      signal.throwIfAborted()
      await Promise.race(running)
    }
    signal.throwIfAborted()
  }

  async function readApart(document: UnreadDocument, signal: AbortSignal): Promise<ReadDocument> {
    await turn(signal)
    const answer = startChild(document, { ...options, signal: AbortSignal.any([signal, closing.signal]) })
    const settled = answer.catch(() => {}).finally(() => running.delete(settled))
    running.add(settled)
    return answer
  }

  return {
    async read(document, signal) {
      signal.throwIfAborted()
      try {
        return await (isSmallText(document) ? readDocument(document) : readApart(document, signal))
      } catch (error) {
        if (error instanceof Unreadable)
          throw new Problem('document-unreadable', `The document cannot be read: ${error.message}.`, {
            cause: error,
          })
        throw error
      }
    },
    async close() {
      closing.abort(new Problem('shutting-down', 'The server is stopping. Try again.'))
      await Promise.all(running)
    },
  }
}

/** @throws Unreadable. */
function isSmallText(document: UnreadDocument): boolean {
  return document.bytes.length <= inlineBytes && !['html', 'pdf', 'docx'].includes(kindOf(document).kind)
}
