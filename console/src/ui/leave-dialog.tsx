import { useBlocker } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ProblemNotice } from './problem.tsx'

/** Asks before what is not saved is lost: on the way to another page, and when the window is closed. */
export function LeaveDialog({
  what,
  isUnsaved,
  save,
}: {
  /** What would be lost: `The draft has changes`. */
  what: string
  isUnsaved: boolean
  save: () => Promise<unknown>
}): ReactElement | null {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isUnsaved && current.pathname !== next.pathname,
    enableBeforeUnload: () => isUnsaved,
    withResolver: true,
  })
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  if (blocker.status !== 'blocked') return null
  const saveAndLeave = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await save()
      blocker.proceed()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title="Leave without saving?" onClose={blocker.reset}>
      <div className="grid gap-4">
        <p className="text-sm text-quiet">{what} that are not saved. They are lost when you leave.</p>
        {error !== undefined && <ProblemNotice error={error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={blocker.reset}>Stay here</Button>
          <Button look="danger" onClick={blocker.proceed}>
            Leave without saving
          </Button>
          <Button look="primary" busy={isBusy && 'Saving…'} onClick={() => void saveAndLeave()}>
            Save and leave
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
