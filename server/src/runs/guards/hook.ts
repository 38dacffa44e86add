import { type GuardrailOf, isProblem, type RunMessage } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Log } from '../../kit/log.ts'
import type { Outbound } from '../../ports/outbound.ts'
import type { Run } from '../run.ts'
import { storableText } from '../storable.ts'
import { Refusal } from './refusal.ts'

/** What the address is sent. */
export type HookQuestion = {
  readonly stage: 'input' | 'output' | 'tool-results'
  readonly text: string
  /** Of what was sent: the messages before the text. */
  readonly messages?: readonly RunMessage[]
}

export type HookVerdict = {
  readonly isAllowed: boolean
  readonly reason: string | null
  /** In place of the text. */
  readonly text: string | null
}

const verdict = z.object({
  allow: z.boolean(),
  reason: z.string().nullish(),
  text: z.string().nullish(),
})

const mostReason = 500
const timeoutSeconds = 5

/**
 * Asks the address of a rule about a text.
 * @throws Refusal when it does not answer and the rule is closed then; the reason of the signal.
 */
export async function askHook(
  { outbound, log }: { outbound: Pick<Outbound, 'fetch'>; log: Log },
  { url, name, say, fail, timeout_seconds }: GuardrailOf<'moderation'>,
  run: Pick<Run, 'id' | 'agentId'>,
  question: HookQuestion,
  signal?: AbortSignal,
): Promise<HookVerdict> {
  try {
    const response = await outbound.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ ...question, agent_id: run.agentId, run_id: run.id }),
      timeoutMs: (timeout_seconds ?? timeoutSeconds) * 1000,
      ...(signal ? { signal } : {}),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`It answered ${response.status}.`)
    }
    const { allow, reason, text } = verdict.parse(await response.json())
    return {
      isAllowed: allow,
      reason: reason ? storableText(reason.slice(0, mostReason)) : null,
      text: text == null ? null : storableText(text),
    }
  } catch (error) {
    signal?.throwIfAborted()
    const rule = name ?? 'moderation'
    // What it was sent stands in no error of ours, but may stand in one of its own.
    const why = isProblem(error) ? error.code : error instanceof Error ? error.name : 'unknown'
    log.warn('guardrail-hook-fail', { run_id: run.id, agent_id: run.agentId, rule, fail, why })
    if (fail === 'open') return { isAllowed: true, reason: null, text: null }
    throw new Refusal({ name: rule, say: say ?? null }, 'could not ask its address', error)
  }
}
