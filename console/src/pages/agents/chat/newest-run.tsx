import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CodeBlock } from '../../../ui/copy.tsx'
import { count, credits, duration } from '../../../ui/format.ts'
import { Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { ApiState } from '../../../ui/state.tsx'
import { tookMs, whyItEnded } from '../../runs/run-words.ts'
import { payloadOf } from '../../runs/span-payload.ts'
import { SpanTimeline } from '../../runs/span-timeline.tsx'
import { useRunStory } from '../../runs/use-run-story.ts'

/** What the newest answer did, beside the chat. */
export function NewestRun({ runId }: { runId: string }): ReactElement {
  const { run, tree, totalMs, story } = useRunStory(runId)
  if (!story)
    return run.error ? (
      <ProblemNotice error={run.error} retry={() => void run.refetch()} />
    ) : (
      <Waiting what="the trace" />
    )
  const ms = tookMs(story.run, Date.now())
  const tools = tree.filter(({ kind }) => kind === 'tool')
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <ApiState state={story.run.status} reason={whyItEnded(story.run)} />
        <Link to="/runs/$id" params={{ id: runId }} className="text-[13px] underline underline-offset-2">
          Open the run
        </Link>
      </div>
      <p className="text-[13px] text-quiet tabular">
        {ms !== undefined && `${duration(ms)} · `}
        {count(story.run.usage.input_tokens + story.run.usage.output_tokens)} tokens ·{' '}
        {credits(story.run.credits)}
      </p>
      <SpanTimeline runId={runId} tree={tree} totalMs={totalMs} narrow />
      {tools.map(span => (
        <details key={span.id} className="text-sm">
          <summary>
            {span.name}{' '}
            <span className="text-quiet">{span.endMs !== null && duration(span.endMs - span.startMs)}</span>
          </summary>
          <div className="mt-2 grid gap-2">
            {payloadOf(span, story).map(({ title, text }) => (
              <CodeBlock
                key={title}
                label={title}
                code={text}
                className="[&_pre]:max-h-48 [&_pre]:whitespace-pre-wrap"
              />
            ))}
          </div>
        </details>
      ))}
    </div>
  )
}
