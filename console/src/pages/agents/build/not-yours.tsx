import type { ReactElement } from 'react'
import { Notice } from '../../../ui/state.tsx'

/** For those who may call an agent of another and no more. */
export function NotYours({ what }: { what: string }): ReactElement {
  return (
    <Notice tone="info">
      This agent is another's: only its owner and administrators may {what} it. You can talk to it in the
      chat, and build an agent of your own.
    </Notice>
  )
}
