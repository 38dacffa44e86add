import type { Task } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { Pause, Play } from 'lucide-react'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { sentenceOf } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'

export function TaskActions({ task }: { task: Task }): ReactElement {
  const navigate = useNavigate()
  const pause = useApiChange(
    (client, paused: boolean) => (paused ? client.tasks.pause(task.name) : client.tasks.resume(task.name)),
    ['tasks'],
  )
  return (
    <span className="inline-flex flex-wrap gap-1.5">
      <Button
        size="small"
        icon={<Play aria-hidden="true" className="size-3.5" />}
        aria-label={`Run now: ${task.name}`}
        onClick={() =>
          void navigate({ to: '/schedules/$name', params: { name: task.name }, search: { run: true } })
        }
      >
        Run now
      </Button>
      <Button
        size="small"
        look="quiet"
        icon={task.paused ? undefined : <Pause aria-hidden="true" className="size-3.5" />}
        aria-label={`${task.paused ? 'Resume' : 'Pause'} ${task.name}`}
        refused={task.schedule === null && 'It has no schedule: it runs only when it is told to.'}
        busy={pause.isPending && 'Telling it…'}
        onClick={() => pause.mutate(!task.paused, { onError: error => void toast(sentenceOf(error)) })}
      >
        {task.paused ? 'Resume' : 'Pause'}
      </Button>
    </span>
  )
}
