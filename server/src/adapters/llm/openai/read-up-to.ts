import { textUpTo } from '../../../kit/text-up-to.ts'
import type { Deadline, Exchange } from './exchange.ts'

/** The rest of an answer as text, and whether there is more of it than `maxBytes`, which is then left. */
export function readUpTo(
  exchange: Exchange,
  maxBytes: number,
  deadline: Deadline,
): Promise<{ text: string; isMore: boolean }> {
  return textUpTo(partsOf(exchange, deadline), maxBytes)
}

async function* partsOf(exchange: Exchange, deadline: Deadline): AsyncGenerator<Buffer, void> {
  for (let next = await exchange.read(deadline); next !== null; next = await exchange.read(deadline))
    yield* next
}
