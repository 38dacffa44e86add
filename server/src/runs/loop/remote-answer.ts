import { Problem } from '@roundhouse/sdk/contract'
import type { Response } from 'undici'
import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import { jsonIn } from '../../kit/json-in.ts'
import { createEventReader, type EventReader } from '../../kit/server-events.ts'
import { textUpTo } from '../../kit/text-up-to.ts'
import { mostCharacters } from './fold.ts'
import { brokenOff, createPatience, type Patience, readsOf } from './remote-read.ts'

/** Of an answer that streams, or of one that came whole. */
const frame = z.union([
  z.object({ type: z.literal('chunk'), content: z.string() }),
  z.object({ type: z.literal('done'), response: z.string() }),
  z.object({ type: z.literal('error'), error: z.string() }),
])
const wholeAnswer = z.object({ response: z.string() })

const maxBytes = 16 * 1024 * 1024

type Tools = {
  readonly clock: Clock
  /** So long the backend may send nothing. */
  readonly silenceMs: number
  /** The words of the backend as the end of a sentence, or nothing. */
  readonly quote: (words: unknown) => string
}

/**
 * The texts of a backend's answer, in order: its `chunk`s, or the whole of what came as JSON or in `done` alone.
 * @throws Problem `provider-failed`, `provider-timeout`, `output-invalid` for what never ends.
 */
export async function* textsOf(response: Response, tools: Tools): AsyncGenerator<string, void> {
  const patience = createPatience(tools.clock, tools.silenceMs)
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const texts = isStream ? streamed(response, patience, tools) : whole(response, patience)
  let characters = 0
  for await (const text of texts) {
    characters += text.length
    if (characters > mostCharacters) throw tooLong()
    yield text
  }
}

async function* streamed(
  response: Response,
  patience: Patience,
  { quote }: Tools,
): AsyncGenerator<string, void> {
  const reader = createEventReader(maxBytes)
  let isAnything = false
  for await (const bytes of readsOf(response, patience)) {
    // A comment is a sign of life too.
    patience.renew()
    for (const data of eventsIn(reader, bytes)) {
      const event = readFrame(data)
      if (event?.type === 'error') throw failed(`The backend of the agent failed${quote(event.error)}.`)
      if (event?.type === 'chunk') {
        isAnything = true
        yield event.content
      }
      if (event?.type === 'done') {
        if (!isAnything) yield event.response
        return
      }
    }
  }
  throw brokenOff()
}

async function* whole(response: Response, patience: Patience): AsyncGenerator<string, void> {
  const { text, isMore } = await textUpTo(readsOf(response, patience), maxBytes)
  if (isMore) throw tooLong()
  const answer = wholeAnswer.safeParse(jsonIn(text))
  if (!answer.success) throw failed('The answer of the backend of the agent has no `response`.')
  yield answer.data.response
}

function eventsIn(reader: EventReader, bytes: Buffer): readonly string[] {
  try {
    return reader.push(bytes)
  } catch (error) {
    if (error instanceof RangeError) throw tooLong()
    throw error
  }
}

/** Frames of other kinds are passed over. */
function readFrame(data: string): z.infer<typeof frame> | undefined {
  const read = frame.safeParse(jsonIn(data))
  return read.success ? read.data : undefined
}

function tooLong(): Problem {
  return new Problem(
    'output-invalid',
    `The answer of the backend of the agent has more than ${mostCharacters} characters.`,
  )
}

function failed(sentence: string): Problem {
  return new Problem('provider-failed', sentence)
}
