import type { Run, RunInput } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { RotateCcw, Square } from 'lucide-react'
import type { ReactElement } from 'react'
import { type ApiCall, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'

/** Stop it, or ask the same again. */
export function RunActions({
  run,
  input,
  call,
}: {
  run: Run
  input: RunInput | undefined
  call: ApiCall<unknown>
}): ReactElement {
  const navigate = useNavigate()
  const cancel = useApiChange(client => client.runs.cancel(run.id), ['runs'])
  const again = useApiChange(
    // What the thread remembered stands before it, so that the model sees the same and the thread nothing twice.
    (client, { memory, messages }: RunInput) =>
      client.runs.start(run.agent_id, {
        messages: [...memory, ...messages],
        ...(run.agent_version === null && { version: 'draft' as const }),
      }),
    ['runs'],
  )
  const why =
    input === undefined
      ? 'What it was asked is not known yet.'
      : input.messages.length === 0 && 'What it was asked was removed.'
  const error = cancel.error ?? again.error
  return (
    <>
      <CopyAsCurl call={call} />
      {run.finished_at === null && (
        <Button
          icon={<Square className="size-3.5" />}
          busy={(cancel.isPending || cancel.isSuccess) && 'Stopping…'}
          onClick={() => cancel.mutate(undefined)}
        >
          Stop
        </Button>
      )}
      <Button
        icon={<RotateCcw className="size-3.5" />}
        refused={why}
        busy={again.isPending && 'Asking…'}
        onClick={async () => {
          if (!input) return
          const next = await again.mutateAsync(input).catch(() => undefined)
          if (next) await navigate({ to: '/runs/$id', params: { id: next.id } })
        }}
      >
        Run again
      </Button>
      {error && (
        <div className="basis-full">
          <ProblemNotice error={error} />
        </div>
      )}
    </>
  )
}
