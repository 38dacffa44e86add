import type { CreateChatCompletion, Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../../accounts/caller.ts'
import type { ChatBody, ChatChunk } from '../../ports/llm.ts'
import type { Gateway, GatewayOrder } from '../../runs/gateway/gateway.ts'
import { openDataStream } from '../data-stream.ts'
import { goneSignal } from '../gone.ts'
import { frame, lastFrame } from './frames.ts'
import { assertPassable } from './passed-on.ts'
import { openAiBody } from './problems.ts'

/** What is ours in an answer. */
export type AnswerHead = { readonly id: string; readonly created: number; readonly model: string }

export type ChatCall = {
  readonly caller: Caller
  readonly body: CreateChatCompletion
  readonly head: AnswerHead
  readonly workId: string | undefined
}

/** Passes the answer of a provider's model through, as one. */
export async function completeWithProvider(
  gateway: Gateway,
  { caller, body, head, workId }: ChatCall,
  reply: FastifyReply,
): Promise<string> {
  const answer = await gateway.complete(caller, orderOf(body, workId), goneSignal(reply))
  return JSON.stringify({ ...answer, ...head, object: 'chat.completion' })
}

/**
 * Passes the chunks of a provider's model through. Nothing is answered before the first has come, so that whatever
 * fails until then has its status.
 * @param told Makes what is thrown later what the client is told.
 */
export async function streamFromProvider(
  gateway: Gateway,
  { caller, body, head, workId }: ChatCall,
  { reply, told }: { reply: FastifyReply; told: (error: unknown) => Problem },
): Promise<void> {
  const chunks = gateway.stream(caller, orderOf(body, workId), goneSignal(reply))
  const first = await chunks.next()
  const wantsUsage = body.stream_options?.include_usage === true
  const chunkHead = { ...head, object: 'chat.completion.chunk' }
  const stream = openDataStream(reply)

  function framesOf(group: readonly ChatChunk[]): string {
    let frames = ''
    for (const chunk of group) {
      const isUsage = chunk.choices.length === 0
      if (isUsage && !wantsUsage) continue
      const usage = isUsage ? chunk.usage : wantsUsage ? null : undefined
      frames += frame({ ...chunk, ...chunkHead, usage })
    }
    return frames
  }

  try {
    for (let next = first; !next.done; next = await chunks.next()) {
      const frames = framesOf(next.value)
      const isTaken = frames === '' ? undefined : stream.write(frames)
      if (isTaken) await isTaken
      // The call at the provider ends with its reader.
      if (reply.raw.destroyed) return
    }
    void stream.write(lastFrame)
  } catch (error) {
    if (!reply.raw.destroyed) void stream.write(frame(openAiBody(told(error))))
  } finally {
    await chunks.return()
    stream.end()
  }
}

/** How the answer is sent is between us and the client. */
function orderOf(
  { model, stream: _stream, stream_options: _options, ...request }: CreateChatCompletion,
  workId: string | undefined,
): GatewayOrder<ChatBody> {
  assertPassable(request)
  return { model, request, workId }
}
