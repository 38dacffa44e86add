import type { FollowedEvent, Run } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { Notice, type Tone } from '../../ui/state.tsx'
import { whyItEnded } from './run-words.ts'

/** What is to be known of how a run went: who took it up again, where it went, why it ended. */
export function RunNotices({
  run,
  events,
}: {
  run: Run
  events: readonly FollowedEvent[]
}): ReactElement | null {
  const notices: { tone: Tone; text: string }[] = []
  const why = whyItEnded(run)
  if (why !== null)
    notices.push({
      tone: run.status === 'failed' ? 'bad' : 'warn',
      text: run.error ? `${why} (${run.error.code})` : why,
    })
  for (const { seq, event } of events) {
    if (event.type === 'run-attempt' && !isExpected(events, seq))
      notices.push({
        tone: 'warn',
        text: `The process that had it was lost or stopped, and another took it up: attempt ${event.attempt} went on behind the last finished step. What came behind event ${event.after} was said again.`,
      })
    if (event.type === 'run-promote')
      notices.push({
        tone: 'info',
        text: `It went from light to heavy at event ${seq}: ${event.reason === 'time' ? 'it took longer than a light run may' : 'it called a heavy tool'}, so a worker went on with it.`,
      })
    if (event.type === 'step-restart')
      notices.push({
        tone: 'info',
        text: `The model’s answer broke off in step ${event.step} and was asked for anew, from ${event.provider}/${event.model}.`,
      })
  }
  if (run.status === 'queued') notices.push({ tone: 'info', text: 'It waits for a worker.' })
  if (notices.length === 0) return null
  return (
    <div className="mb-4 grid gap-2">
      {notices.map(({ tone, text }) => (
        <Notice key={text} tone={tone}>
          {text}
        </Notice>
      ))}
    </div>
  )
}

/** A run that goes to a worker, or on behind the answer of a person, changes its process as it should. */
function isExpected(events: readonly FollowedEvent[], seq: number): boolean {
  const before = events.findLast(one => one.seq < seq)?.event.type
  return before === 'run-promote' || before === 'approval-answer'
}
