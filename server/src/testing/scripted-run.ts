import assert from 'node:assert/strict'
import { type AgentConfig, agentConfig, Problem, type RunEvent } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Bill, Hold } from '../credits/within.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { ChatBody, ChatChunk } from '../ports/llm.ts'
import type { Outbound } from '../ports/outbound.ts'
import type { ProviderModel, Providers, Target } from '../providers/provider.ts'
import { createGuards } from '../runs/guards/guards.ts'
import { createFirstHold } from '../runs/loop/first-hold.ts'
import { createLoop, type LoopDependencies } from '../runs/loop/loop.ts'
import type { Run } from '../runs/run.ts'
import type { Approval, RunOutcome, RunStep, RunStream, RunWork } from '../runs/stream.ts'
import type { Tool } from '../runs/tool.ts'
import { anonymousCaller } from './callers.ts'
import { modelOf } from './provider-fixture.ts'
import { newRun } from './stored-run.ts'
import { turnedClock } from './turned-clock.ts'

/** What a provider says to one call: chunks, and what breaks it off or happens in between. */
export type Script = readonly (ChatChunk | Error | ((signal: AbortSignal) => unknown))[]

export type Asked = { readonly targets: readonly Target[]; readonly request: ChatBody }

const runId = '0193a000-0000-7000-8000-000000000001'
const userId = '0193a000-0000-7000-8000-000000000002'
const agentId = '0193a000-0000-7000-8000-000000000003'

/** A run of the loop against a provider that says what it is told to, with a stream and a ledger in memory. */
export function scriptedRun(options: {
  config?: Partial<AgentConfig>
  /** One per call of the model. */
  scripts?: readonly Script[]
  tools?: readonly Tool[]
  /** Credits there are to spare; absent: the run is nobody's and pays nothing. */
  balance?: number
  /** Whose, in a real ledger. */
  owner?: string
  prices?: Partial<ProviderModel>
  /** What stands in for the agent's models at their providers. */
  spares?: readonly Target[]
  runPrice?: number
  mode?: Run['mode']
  remoteSecret?: string | null
  inlineMs?: number
  /** Names of the targets that fail before they say anything. */
  dead?: readonly string[]
  /** What addresses answer that rules ask. */
  hook?: Outbound['fetch']
}) {
  const clock = turnedClock(Date.parse('2026-11-21T12:00:00Z'))
  const scripts = [...(options.scripts ?? [])]
  const asked: Asked[] = []
  const events: RunEvent[] = []
  const ledger = memoryLedger(options.balance ?? 0)
  let steps: RunStep[] = []
  let checkpoints = 0
  let flushing = Promise.resolve()
  let onRefused: (() => void) | null = null

  const find = (name: string): Target => ({
    provider: name.split('/')[0] ?? '',
    isDemo: false,
    model: modelOf(name.split('/').slice(1).join('/'), options.prices),
  })
  const providers: Providers = {
    find,
    findFor: (provider, model) => find(`${provider ?? 'first'}/${model}`),
    models: () => [],
    withFallbacks: targets => [...targets, ...(options.spares ?? [])],
    async *stream(targets, request, signal, observer) {
      const target = targets.find(({ provider }) => !options.dead?.includes(provider))
      for (const [index, tried] of targets.entries()) {
        observer?.attempt?.(tried, index + 1)
        if (tried === target) break
      }
      if (!target) throw new Problem('provider-unavailable', 'No provider answers.')
      asked.push({ targets, request: structuredClone(request) })
      const script = scripts.shift()
      assert.ok(script, 'the model was asked once more than expected')
      for (const part of script) {
        if (typeof part === 'function') await part(signal)
        else if (part instanceof Error) throw part
        else yield [part]
        signal.throwIfAborted()
      }
    },
    complete: () => assert.fail('not scripted'),
    embed: () => assert.fail('not scripted'),
  }

  function run(change: Partial<Run> = {}): Run {
    const createdAt = new Date(Date.parse('2026-11-21T12:00:00Z'))
    return newRun({
      id: runId,
      agentId,
      ownerId: options.owner ?? (options.balance === undefined ? null : userId),
      mode: options.mode ?? 'inline',
      config: agentConfig.parse({ model: 'model', ...options.config }),
      input: [{ role: 'user', content: 'Hello?' }],
      createdAt,
      startedAt: createdAt,
      ...change,
    })
  }

  function add(more: readonly RunEvent[], changed: readonly RunStep[]): void {
    events.push(...more)
    steps = [...new Map([...steps, ...changed].map(step => [step.n, step])).values()]
  }

  const stream: RunStream = {
    append: event => void events.push(event),
    leave: add,
    room: () => undefined,
    async checkpoint(more, changed) {
      if (onRefused) {
        onRefused()
        throw new Error('The run is no longer of this process.')
      }
      checkpoints += 1
      add(more, changed)
    },
    async flush() {
      const last = events.length
      await flushing
      return last
    },
  }

  return {
    runId,
    clock,
    asked,
    events,
    ledger,
    steps: () => steps,
    checkpoints: () => checkpoints,
    lastTool: () => steps.findLast(({ kind }) => kind === 'tool'),
    /** What the process wants to write down is not; null: it is again. */
    refuseToWrite(whenAsked: (() => void) | null): void {
      onRefused = whenAsked
    },
    /** Nothing is durable before. */
    holdFlush(until: Promise<void>): void {
      flushing = until
    },
    /** What the run holds before it exists. */
    firstHold: () =>
      createFirstHold({
        providers,
        toolbox: async () => options.tools ?? [],
        runPrice: () => options.runPrice ?? 0,
      })(caller, run()),
    /** Each call is a process that goes on from what the one before has recorded. */
    async go(
      work: {
        held?: Hold
        signal?: AbortSignal
        approvals?: readonly Approval[]
        mode?: Run['mode']
        attempt?: number
      } = {},
      change: Partial<LoopDependencies> = {},
    ): Promise<RunOutcome> {
      const { signal = new AbortController().signal, approvals = [], attempt = 1 } = work
      const loop = createLoop({
        providers,
        toolbox: async () => options.tools ?? [],
        credits: ledger,
        runPrice: () => options.runPrice ?? 0,
        guards: createGuards({
          outbound: { fetch: options.hook ?? notScripted },
          log: silentLog,
          acted: () => {},
        }),
        remoteSecret: options.remoteSecret ?? null,
        clock,
        ids: createIds(),
        log: silentLog,
        inlineMs: options.inlineMs ?? 60_000,
        ...change,
      })
      const mode = work.mode ?? options.mode ?? 'inline'
      const given: RunWork = {
        run: run({ attempt, mode }),
        caller,
        mode,
        steps,
        approvals,
        stream,
        signal,
        ...(work.held === undefined ? {} : { held: work.held }),
      }
      return loop(given)
    },
  }
}

const caller: Caller = { ...anonymousCaller, role: 'member', userId }

/** What the ledger's functions do, for one account. */
function memoryLedger(balance: number) {
  const holds = new Map<string, { amount: number; settled: number | null }>()
  const held = () =>
    [...holds.values()].reduce((sum, hold) => sum + (hold.settled === null ? hold.amount : 0), 0)
  const paid = () => [...holds.values()].reduce((sum, hold) => sum + (hold.settled ?? 0), 0)
  return {
    held,
    paid,
    holds,
    async hold(bill: Bill): Promise<Hold> {
      if (bill.userId === null || bill.amount === 0) return null
      const known = holds.get(bill.reference)
      assert.ok(!known || known.amount === bill.amount, 'a reference holds another amount')
      if (!known && bill.amount > balance - held() - paid())
        throw new Problem('insufficient-credits', `This costs ${bill.amount} credits.`)
      if (!known) holds.set(bill.reference, { amount: bill.amount, settled: null })
      return { id: bill.reference, userId: bill.userId, amount: bill.amount }
    },
    async settle(hold: Hold, amount: number): Promise<boolean> {
      if (hold === null) return true
      const known = holds.get(hold.id)
      assert.ok(
        known && amount >= 0 && amount <= known.amount,
        `a hold of ${hold.amount} settled with ${amount}`,
      )
      if (known.settled !== null) return false
      known.settled = amount
      return true
    },
    async release(hold: Hold): Promise<void> {
      if (hold !== null && holds.get(hold.id)?.settled === null) holds.delete(hold.id)
    },
    /** As the transaction that ends a run does. */
    end(total: number): void {
      let owed = total - paid()
      for (const hold of holds.values()) {
        if (hold.settled !== null) continue
        hold.settled = Math.min(owed, hold.amount)
        owed -= hold.settled
      }
      assert.equal(owed, 0, 'a run costs more than was held for it')
    },
  }
}

function notScripted(): Promise<Response> {
  assert.fail('not scripted')
}

export function says(...texts: string[]): ChatChunk[] {
  return [...texts.map(content => chunk({ content })), ends('stop')]
}

export function chunk(delta: ChatChunk['choices'][number]['delta']): ChatChunk {
  return { choices: [{ index: 0, delta, finish_reason: null }] }
}

export function ends(reason: string): ChatChunk {
  return { choices: [{ index: 0, delta: {}, finish_reason: reason }] }
}

export function usage(input: number, output: number): ChatChunk {
  return {
    choices: [],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  }
}

/** One answer that calls tools, each `[id, name, arguments]`. */
export function calls(...wanted: readonly (readonly [string, string, string])[]): ChatChunk[] {
  return [
    ...wanted.map(([id, name, args], index) =>
      chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] }),
    ),
    ends('tool_calls'),
  ]
}

export function tool(change: Partial<Tool> & Pick<Tool, 'name'>): Tool {
  return {
    description: '',
    parameters: { type: 'object' },
    isHeavy: false,
    needsApproval: false,
    isRepeatable: false,
    timeoutMs: 30_000,
    price: 0,
    call: async () => 'fine',
    ...change,
  }
}
