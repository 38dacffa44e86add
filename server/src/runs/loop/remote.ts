import { Problem } from '@roundhouse/sdk/contract'
import { Agent } from 'undici'
import type { Clock } from '../../kit/clock.ts'
import { createQuoting } from '../../kit/quoting.ts'
import type { Guards } from '../guards/guards.ts'
import { Refusal } from '../guards/refusal.ts'
import { estimateInputTokens, estimateOutputTokens } from '../price.ts'
import type { Run } from '../run.ts'
import type { RunOutcome, RunStep, RunTotals } from '../stream.ts'
import { isPaid, remoteBill } from './meter.ts'
import type { Progress } from './progress.ts'
import type { Purse } from './purse.ts'
import { textsOf } from './remote-answer.ts'
import { postToBackend } from './remote-post.ts'
import type { RunPrice } from './run-price.ts'

type Ended = Extract<RunOutcome, { kind: 'done' | 'failed' | 'cancelled' | 'left' }>
type Bare = Ended extends infer One
  ? One extends Ended
    ? Omit<One, keyof RunTotals | 'isFree'>
    : never
  : never

const nobody = '00000000-0000-0000-0000-000000000000'
const provider = 'remote'
/** So long a backend may send nothing, where the agent does not say how long it may take. */
const silenceMs = 120_000

/** A run that a backend of the agent's own does: one step, whose text comes from there. What it costs is fixed. */
export async function askRemote(
  dependencies: {
    remoteSecret: string | null
    runPrice: RunPrice
    guards: Pick<Guards, 'of'>
    clock: Clock
  },
  progress: Progress,
  purse: Purse,
  signal: AbortSignal,
): Promise<Bare> {
  const { remoteSecret, runPrice, guards, clock } = dependencies
  const { work } = progress
  const { run, stream } = work
  if (progress.turns() > 0) return { kind: 'done', output: progress.output(), stopped: 'answered' }
  if (run.config.railway_url === null || remoteSecret === null)
    throw new Problem(
      'provider-unavailable',
      'This server has no RAILWAY_BACKEND_SECRET to show to the backend of the agent.',
    )
  const fixed = run.config.price + (await runPrice())
  await purse.hold(remoteBill(run, progress.nextN(), fixed))
  const model = run.config.model
  stream.append({ type: 'step-start', step: 1, provider, model })

  const startedAt = new Date(clock.now())
  const began = clock.elapsed()
  const asked = bodyOf(run)
  const body = JSON.stringify(asked)
  const quoting = createQuoting(remoteSecret)
  const guard = guards.of(run, work.signal)?.output() ?? null
  /** Rules look at answers: what they would mask may stand in these words too. */
  const quote = (words: unknown) =>
    guard === null ? quoting(words, { messages: [asked.messages, asked.agentConfig] }) : ''
  const { max_seconds: mostSeconds } = run.config.limits
  const limits = { clock, silenceMs: typeof mostSeconds === 'number' ? mostSeconds * 1000 : silenceMs }
  // Its own limits of 300 s are those of a browser.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const pieces: string[] = []
  /** What came, whatever is told of it. */
  let characters = 0
  let reads = 0
  let firstTokenMs: number | null = null
  let error: unknown
  try {
    const response = await postToBackend(
      {
        url: run.config.railway_url,
        secret: remoteSecret,
        body,
        runId: run.id,
        requestId: run.requestId ?? run.id,
        quote,
        dispatcher,
        ...limits,
      },
      signal,
    )
    for await (const text of textsOf(response, { quote, ...limits })) {
      firstTokenMs ??= clock.elapsed() - began
      characters += text.length
      reads += 1
      tell(guard === null ? text : guard.text(text))
      await stream.room()
    }
    if (guard !== null) tell((await guard.end()).text)
  } catch (caught) {
    const say = caught instanceof Refusal && !work.signal.aborted ? caught.say : null
    if (say === null) error = caught
    else tell(say)
  } finally {
    // What is left of an answer is not wanted.
    await dispatcher.destroy()
  }

  const output = pieces.join('')
  const isCut = error !== undefined && !(error instanceof Refusal) && !work.signal.aborted && signal.aborted
  const isAnswer = error === undefined || isCut
  // Who leaves it to another process is not paid: that one asks again.
  const isCharged = characters > 0 && isPaid(run) && work.signal.reason !== 'handed-back'
  const credits = isCharged ? fixed : 0
  const usage = {
    inputTokens: characters === 0 ? 0 : estimateInputTokens(body),
    outputTokens: estimateOutputTokens(characters, reads),
    isEstimated: true,
  }
  const finishReason = isCut ? 'seconds' : 'stop'
  const row: RunStep = {
    n: progress.nextN(),
    step: 1,
    kind: 'llm',
    name: `${provider}/${model}`,
    status: isAnswer ? 'done' : 'failed',
    attempt: run.attempt,
    callId: null,
    message: isAnswer ? { role: 'assistant', content: output } : null,
    usage,
    credits,
    costMicros: 0,
    firstTokenMs,
    error: isAnswer ? null : 'The backend did not answer in full.',
    attributes: {
      provider,
      model,
      finish_reason: finishReason,
      fixed_credits: credits,
      ...work.guarded,
      ...guard?.told(),
    },
    startedAt,
    endedAt: new Date(clock.now()),
  }
  purse.spend(credits)
  const told = {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    estimated: usage.isEstimated,
  }
  if (isAnswer) {
    const end = { type: 'step-end', step: 1, finish_reason: finishReason, usage: told, credits } as const
    progress.leave([end], [row])
    return { kind: 'done', output, stopped: isCut ? 'seconds' : 'answered' }
  }
  if (work.signal.reason !== 'lost') await progress.record([], [row])
  if (work.signal.reason === 'cancelled') return { kind: 'cancelled', output: output || null }
  if (work.signal.aborted) return { kind: 'left' }
  return { kind: 'failed', error, output: output || null }

  function tell(text: string): void {
    if (text === '') return
    pieces.push(text)
    stream.append({ type: 'text-delta', step: 1, text })
  }
}

/** As `POST /api/agent/execute-validated` takes it. */
function bodyOf({ ownerId, agentId, config, memory, input }: Run) {
  return {
    userId: ownerId ?? nobody,
    agentId,
    agentConfig: {
      system_prompt: config.system_prompt,
      ai_model: config.model,
      ...(config.temperature === null ? {} : { temperature: config.temperature }),
      ...(config.max_tokens === null ? {} : { max_tokens: config.max_tokens }),
      knowledge_base: config.knowledge,
    },
    messages: [...memory, ...input],
    stream: true,
  }
}
