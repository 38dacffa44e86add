import { jsonIn } from '../../../kit/json-in.ts'
import { createEventReader, type EventReader } from '../../../kit/server-events.ts'
import type { ChatChunk } from '../../../ports/llm.ts'
import { isFields, toChunk } from './chunk.ts'
import type { Deadline, Exchange } from './exchange.ts'
import type { Problems } from './problems.ts'
import { readUpTo } from './read-up-to.ts'

const largestLineBytes = 16 * 1024 * 1024
const largestErrorBytes = 64 * 1024

/** What one read of the network brought. */
type Batch = {
  readonly chunks: ChatChunk[]
  /** Nothing more is to come, for good or with a problem. */
  readonly ends: boolean
  readonly problem?: Error
}

/**
 * The chunks of a streamed answer, each parsed once. What came before a fault is given out before the fault is thrown.
 * @param idle Called when the reader asks for more: from then on the provider has so long for the next chunk. Comments
 * do not count.
 */
export async function* readChatStream(options: {
  readonly open: (deadline: Deadline) => Promise<Exchange>
  readonly request: unknown
  readonly problems: Problems
  readonly firstToken: () => Deadline
  readonly idle: () => Deadline
}): AsyncGenerator<readonly ChatChunk[], void, undefined> {
  const { request, problems, idle } = options
  const reader = createEventReader(largestLineBytes)
  let deadline = options.firstToken()
  const exchange = await options.open(deadline)
  let isFinished = false
  let isWhole = false
  try {
    await refuseOtherThanEvents(exchange, deadline, problems, request)
    for (let ended = false; !ended; ) {
      const parts = await exchange.read(deadline)
      const batch = readBatch(eventsIn(reader, parts, problems), problems, request)
      ended = batch.ends || parts === null
      isFinished ||= batch.chunks.some(isLast)
      // Known before the chunks are given out: their reader may want no more.
      isWhole = batch.ends && !batch.problem
      if (batch.chunks.length > 0) {
        yield batch.chunks
        deadline = idle()
      }
      if (batch.problem) throw batch.problem
    }
    if (!isFinished) throw problems.unreadable('ended its stream before the answer was whole')
  } finally {
    if (isWhole) exchange.finish()
    else exchange.stop()
  }
}

/** Some tell of an error in JSON, and proxies in HTML, all with status 200. Other types are read for what they hold. */
async function refuseOtherThanEvents(
  exchange: Exchange,
  deadline: Deadline,
  problems: Problems,
  request: unknown,
): Promise<void> {
  const [type = ''] = (exchange.headers['content-type'] ?? '').split(';')
  if (!/^(application\/json|text\/html)$/i.test(type.trim())) return
  const answer = jsonIn((await readUpTo(exchange, largestErrorBytes, deadline)).text)
  throw isFields(answer) && answer.error
    ? problems.reported(answer.error, request)
    : problems.unreadable(`answered with ${type.trim()} instead of a stream`)
}

function eventsIn(
  reader: EventReader,
  parts: readonly Buffer[] | null,
  problems: Problems,
): readonly string[] {
  if (parts === null) return reader.end()
  try {
    const [only] = parts
    return only && parts.length === 1 ? reader.push(only) : parts.flatMap(part => reader.push(part))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw problems.unreadable(`sent a line of more than ${largestLineBytes} bytes`)
  }
}

function readBatch(events: readonly string[], problems: Problems, request: unknown): Batch {
  const chunks: ChatChunk[] = []
  for (const data of events) {
    if (data === '[DONE]') return { chunks, ends: true }
    const value = jsonIn(data)
    if (isFields(value) && value.error)
      return { chunks, ends: true, problem: problems.reported(value.error, request) }
    const chunk = toChunk(value)
    if (!chunk)
      return {
        chunks,
        ends: true,
        problem: problems.unreadable('sent something in its stream that is no chunk'),
      }
    chunks.push(chunk)
  }
  return { chunks, ends: false }
}

function isLast(chunk: ChatChunk): boolean {
  return chunk.choices.some(choice => choice.finish_reason !== null)
}
