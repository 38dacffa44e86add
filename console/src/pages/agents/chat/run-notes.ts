import type { Client, RunTrace } from '@roundhouse/sdk'
import { isOver } from '../../../chat/answer.ts'
import type { Turn } from '../../../chat/conversation.ts'
import { element } from '../../../chat/element.ts'
import type { TurnNotes } from '../../../chat/turn-view.ts'
import { count, credits, duration } from '../../../ui/format.ts'

/**
 * What an answer took: time, tokens and credits below it, with the way to its run, and time and credits beside each tool.
 * Read from the trace of a run when it has ended.
 */
export function createRunNotes(options: {
  client: Client
  signal: AbortSignal
  openRun: (id: string) => void
  /** Told when more is known. */
  changed: () => void
}): TurnNotes {
  const { client, signal, openRun, changed } = options
  const known = new Map<string, { trace: RunTrace | undefined; below: HTMLElement }>()
  const asked = new Set<string>()

  async function read(runId: string): Promise<void> {
    // Without it there is still the way to the run.
    const trace = await client.runs.trace(runId, { signal }).catch(() => undefined)
    if (signal.aborted) return
    known.set(runId, { trace, below: drawFacts(runId, trace, openRun) })
    changed()
  }

  function find({ runId, answer, failure }: Turn) {
    if (runId === null || !(failure || isOver(answer))) return undefined
    if (!asked.has(runId)) {
      asked.add(runId)
      void read(runId)
    }
    return known.get(runId)
  }

  return {
    tool(turn, callId) {
      const span = find(turn)?.trace?.spans.find(one => one.call_id === callId)
      if (!span || span.duration_ms === null) return null
      return [duration(span.duration_ms), ...(span.credits > 0 ? [credits(span.credits)] : [])].join(' · ')
    },
    below: turn => find(turn)?.below ?? null,
  }
}

function drawFacts(runId: string, trace: RunTrace | undefined, openRun: (id: string) => void): HTMLElement {
  const link = element('a', { href: `/runs/${runId}` }, 'Open the run')
  link.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    openRun(runId)
  })
  const run = trace?.spans[0]
  if (!run) return element('div', { class: 'facts' }, link)
  const { usage, cost_micros: cost } = run
  const facts = [
    run.duration_ms === null ? '' : duration(run.duration_ms),
    usage
      ? `${count(usage.input_tokens)} + ${count(usage.output_tokens)} tokens${usage.estimated ? ', estimated' : ''}`
      : '',
    credits(run.credits),
    cost ? `$${(cost / 1_000_000).toPrecision(2)}` : '',
  ]
  return element(
    'div',
    { class: 'facts' },
    ...facts.filter(Boolean).map(fact => element('span', {}, fact)),
    link,
  )
}
