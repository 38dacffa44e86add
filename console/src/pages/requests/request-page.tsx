import { isProblem, type RequestStory, type StoryKind } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ScrollText } from 'lucide-react'
import { type ReactElement, useCallback, useEffect, useMemo, useState } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { type ApiCall, useApi } from '../../app/use-api.ts'
import { buttonLook } from '../../ui/button.tsx'
import { CopyButton, Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { counted, duration } from '../../ui/format.ts'
import { Empty, Page, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { EntryDetail } from './entry-detail.tsx'
import { KindFilter } from './kind-filter.tsx'
import { RequestLookup } from './request-lookup.tsx'
import { storyAxis } from './story-axis.ts'
import { storyText } from './story-text.ts'
import { StoryTimeline } from './story-timeline.tsx'
import { isOpen, storyRows, summaryOf } from './story-tree.ts'

const route = getRouteApi('/app/requests/$id')
const whileOpenMs = 1500
const settleMs = 4000

/** The whole story of one request: log lines, jobs, runs with their calls and tools, predictions, reports, credits. */
export function RequestPage(): ReactElement {
  const { id } = route.useParams()
  const isAdmin = useIsAdmin()
  const call = useCallback<ApiCall<RequestStory>>((client, options) => client.requests.get(id, options), [id])
  const [isUnderWay, setUnderWay] = useState(false)
  const story = useApi(['logs', 'story', id], call, { refetchInterval: isUnderWay && whileOpenMs })
  useEffect(() => {
    if (!story.data) return
    setUnderWay(true)
    if (story.data.entries.some(isOpen)) return
    // History and log are written a moment behind what they tell of.
    const timer = setTimeout(() => setUnderWay(false), settleMs)
    return () => clearTimeout(timer)
  }, [story.data])
  const isGone = isProblem(story.error) && story.error.code === 'resource-not-found'

  return (
    <Page
      title="Request"
      facts={<Identifier value={id} label="request id" />}
      crumbs={isAdmin ? [{ label: 'Logs', link: { to: '/logs' } }] : []}
      about="Everything that this request began, wherever and whenever it was done."
      actions={
        <>
          <CopyAsCurl call={call} />
          {isAdmin && (
            <Link to="/logs" search={{ q: `request:${id}` }} className={buttonLook('plain', 'small')}>
              <ScrollText aria-hidden="true" className="size-3.5" />
              Its log lines
            </Link>
          )}
        </>
      }
    >
      {story.isPending && <Waiting what="the story" />}
      {isGone && <Gone id={id} isAdmin={isAdmin} />}
      {story.error && !isGone && <ProblemNotice error={story.error} retry={() => void story.refetch()} />}
      {story.data && <Story story={story.data} />}
    </Page>
  )
}

function Story({ story }: { story: RequestStory }): ReactElement {
  const { open, only } = route.useSearch()
  const navigate = route.useNavigate()
  const isAdmin = useIsAdmin()
  const rows = useMemo(() => storyRows(story), [story])
  const nowMs = Date.now()
  const summary = summaryOf(rows, nowMs)
  const axis = storyAxis(rows.map(({ startMs, endMs }) => ({ startMs, endMs: endMs ?? nowMs })))
  const shown = only === undefined ? rows : rows.filter(({ entry }) => entry.kind === only)
  const opened = rows.find(({ entry }) => entry.id === open)?.entry
  return (
    <>
      <Stats>
        <RequestStat requests={summary.requests} isAdmin={isAdmin} />
        <Stat
          label={summary.isOver ? 'Took in all' : 'Under way for'}
          value={duration(summary.endMs - summary.startMs)}
          hint={<Ago at={new Date(summary.startMs).toISOString()} />}
        />
        <Stat
          label="Failures"
          value={summary.failures}
          hint={summary.failures === 0 ? 'nothing went wrong' : 'marked red below'}
        />
        <Stat
          label="Credits paid"
          value={summary.credits}
          hint={summary.tokens > 0 ? counted(summary.tokens, 'token') : 'no tokens'}
        />
        {summary.userId !== undefined && <Stat label="Whose" value={<UserName id={summary.userId} />} />}
      </Stats>
      {story.is_cut && (
        <div className="mb-4">
          <Notice tone="warn">
            There is more than is told: of one kind or more only 500 entries are shown.
          </Notice>
        </div>
      )}
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <KindFilter
          rows={rows}
          only={only}
          onChange={(kind: StoryKind | undefined) =>
            void navigate({
              search: before => ({ ...before, only: kind }),
              replace: true,
              resetScroll: false,
            })
          }
        />
        <span className="inline-flex items-center text-[13px] text-quiet">
          {counted(shown.length, 'entry', 'entries')}
          <CopyButton text={storyText(story, rows)} label="story as text" />
        </span>
      </div>
      <StoryTimeline rows={shown} axis={axis} startMs={summary.startMs} nowMs={nowMs} open={open} />
      {opened && (
        <EntryDetail
          entry={opened}
          onClose={() =>
            void navigate({ search: before => ({ ...before, open: undefined }), resetScroll: false })
          }
        />
      )}
    </>
  )
}

function RequestStat({
  requests,
  isAdmin,
}: {
  requests: ReturnType<typeof summaryOf>['requests']
  isAdmin: boolean
}): ReactElement | null {
  const [first, ...others] = requests
  // Only the log knows it.
  if (!first) return isAdmin ? <Stat label="Answer" value="unknown" hint="Its line is not kept." /> : null
  const told = others.length === 0 ? `${first.method} ${first.path}` : 'a client may use an id again'
  return (
    <Stat
      label="Answer"
      value={others.length === 0 ? first.status : `${requests.length} answers`}
      hint={
        <span className="block truncate" title={told}>
          {told}
        </span>
      }
    />
  )
}

function Gone({ id, isAdmin }: { id: string; isAdmin: boolean }): ReactElement {
  return (
    <div className="grid gap-6">
      <Empty title="Nothing is kept of this request">
        <p>
          Either there was no request {id}, or what it did is kept no longer
          {isAdmin ? '' : ', or it was not yours'}. History is written a moment behind the answer: if you have
          just called, load this page again.
        </p>
      </Empty>
      <div className="max-w-2xl">
        <RequestLookup />
      </div>
    </div>
  )
}
