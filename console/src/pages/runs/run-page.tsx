import { isProblem } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { AdminsOnly } from '../../ui/admins-only.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { shortId } from '../../ui/format.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { ApiState, Notice } from '../../ui/state.tsx'
import { RequestLogs } from '../logs/request-logs.tsx'
import { RawEvents } from './raw-events.tsx'
import { RunActions } from './run-actions.tsx'
import { RunFacts } from './run-facts.tsx'
import { RunNotices } from './run-notices.tsx'
import { RunQuestions } from './run-questions.tsx'
import { RunViews } from './run-views.tsx'
import { whyItEnded } from './run-words.ts'
import { SpanDetail } from './span-detail.tsx'
import { SpanTimeline } from './span-timeline.tsx'
import { TraceText } from './trace-text-view.tsx'
import { type FollowedStory, useRunStory } from './use-run-story.ts'

const route = getRouteApi('/app/runs/$id')
const crumbs = [{ label: 'Runs', link: { to: '/runs' } }] as const

export function RunPage(): ReactElement {
  const { id } = route.useParams()
  const { as = 'timeline', span } = route.useSearch()
  const followed = useRunStory(id)
  const { run, story } = followed
  if (!story)
    return (
      <Page title="Run" crumbs={crumbs}>
        {run.error ? (
          <ProblemNotice error={run.error} retry={() => void run.refetch()} />
        ) : (
          <Waiting what="the run" />
        )}
      </Page>
    )
  return (
    <Page
      title={`Run ${shortId(id)}`}
      crumbs={crumbs}
      facts={
        <>
          <ApiState state={story.run.status} reason={whyItEnded(story.run)} />
          <Identifier value={id} label="run id" />
        </>
      }
      actions={<RunActions run={story.run} input={story.input} call={run.call} />}
      tabs={<RunViews id={id} />}
    >
      <RunFacts run={story.run} tree={followed.tree} />
      <RunNotices run={story.run} events={story.events} />
      <RunQuestions runId={id} questions={followed.told.state.questions} />
      <Trouble followed={followed} />
      {as === 'text' && <TraceText tree={followed.tree} story={story} />}
      {as === 'events' && <RawEvents runId={id} events={story.events} />}
      {as === 'logs' && (
        <AdminsOnly what="log lines">
          {story.run.request_id !== null && <RequestLogs requestId={story.run.request_id} />}
        </AdminsOnly>
      )}
      {as === 'timeline' && <Timeline followed={followed} open={span} />}
    </Page>
  )
}

function Timeline({
  followed,
  open,
}: {
  followed: FollowedStory
  open: string | undefined
}): ReactElement | null {
  const { tree, story, totalMs } = followed
  const shown = tree.find(span => span.id === open) ?? tree[0]
  if (!shown || !story) return null
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(22rem,2fr)]">
      <SpanTimeline runId={story.run.id} tree={tree} totalMs={totalMs} open={shown.id} />
      <div className="xl:sticky xl:top-4 xl:max-h-[calc(100dvh-2rem)] xl:overflow-y-auto">
        <SpanDetail span={shown} story={story} />
      </div>
    </div>
  )
}

/** What is not known of the run, and why. */
function Trouble({ followed: { trace, told } }: { followed: FollowedStory }): ReactElement | null {
  const isGone = isProblem(told.failure) && told.failure.code === 'run-events-gone'
  if (!trace.error && told.failure === undefined) return null
  return (
    <div className="mb-4 grid gap-2">
      {trace.error && <ProblemNotice error={trace.error} retry={() => void trace.refetch()} />}
      {isGone && (
        <Notice tone="info">
          The events of this run and what it was asked were removed: they are kept for a time only. Its spans,
          answer and totals stay.
        </Notice>
      )}
      {told.failure !== undefined && !isGone && <ProblemNotice error={told.failure} />}
    </div>
  )
}
