import { useBlocker } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { counted } from '../../ui/format.ts'
import type { Upload } from './use-uploads.ts'

/** Asks before files that are on their way are given up: at another page, and when the window is closed. */
export function LeaveUploads({ list }: { list: readonly Upload[] }): ReactElement | null {
  const under = list.filter(({ state }) => state === 'sending' || state === 'waiting').length
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => under > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => under > 0,
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return (
    <Dialog title="Leave before all is sent?" onClose={blocker.reset}>
      <p className="mb-4 text-sm text-quiet">
        {under === 0
          ? 'All files are there now.'
          : `${counted(under, 'file')} would not be sent. Stay until they are there, or leave without them.`}
      </p>
      <div className="flex justify-end gap-2">
        <Button onClick={blocker.reset}>Stay here</Button>
        <Button look="danger" onClick={blocker.proceed}>
          Leave
        </Button>
      </div>
    </Dialog>
  )
}
