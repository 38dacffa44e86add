import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { count, counted } from '../../ui/format.ts'
import { Stat, Stats } from '../../ui/page.tsx'
import { Notice } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'

/** What waits, and who works. Asked again by the clock: the live stream tells of jobs, not of workers. */
export function QueueStats(): ReactElement | null {
  const workers = useApi(['health', 'workers'], (client, options) => client.health.workers(options), {
    refetchInterval: 5000,
  })
  if (!workers.data) return null
  const { workers: alive, queue_depth: waiting } = workers.data
  const newest = alive
    .map(one => one.last_seen_at)
    .sort()
    .at(-1)
  return (
    <>
      <div className="max-w-xl">
        <Stats>
          <Stat
            label="Waiting"
            value={count(waiting)}
            hint={waiting === 1 ? 'job in the queue' : 'jobs in the queue'}
          />
          <Stat
            label="Workers"
            value={count(alive.length)}
            hint={
              newest === undefined ? (
                'no process works'
              ) : (
                <>
                  last heard of <Ago at={newest} />
                </>
              )
            }
          />
        </Stats>
      </div>
      {alive.length === 0 && (
        <div className="mb-4">
          <Notice tone="warn">
            No worker is there, so {waiting === 0 ? 'new jobs will wait' : `${counted(waiting, 'job')} wait`}.
            Start a process whose <code className="font-mono">ROLES</code> contain{' '}
            <code className="font-mono">worker</code>.
          </Notice>
        </div>
      )}
    </>
  )
}
