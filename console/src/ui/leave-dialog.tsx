import { useBlocker } from '@tanstack/react-router'
import { type ReactElement, type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ProblemNotice } from './problem.tsx'

/** Asks before something is lost: on the way to another page, and when the window is closed. */
export function LeaveDialog({
  title = 'Leave without saving?',
  children,
  isUnsaved,
  save,
}: {
  title?: string
  /** What would be lost, as a sentence. */
  children: ReactNode
  isUnsaved: boolean
  /** Where it can be kept at once. */
  save?: () => Promise<unknown>
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
      await save?.()
      blocker.proceed()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={title} onClose={blocker.reset}>
      <div className="grid gap-4">
        <p className="text-sm text-quiet">{children}</p>
        {error !== undefined && <ProblemNotice error={error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={blocker.reset}>Stay here</Button>
          <Button look="danger" onClick={blocker.proceed}>
            {save ? 'Leave without saving' : 'Leave'}
          </Button>
          {save && (
            <Button look="primary" busy={isBusy && 'Saving…'} onClick={() => void saveAndLeave()}>
              Save and leave
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  )
}
