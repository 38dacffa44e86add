import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { useIsAdmin } from '../app/me.ts'
import { buttonLook } from './button.tsx'
import { Empty } from './page.tsx'

/** What is for administrators; others are told so, and what to do about it. */
export function AdminsOnly({
  what,
  around = notice => notice,
  children,
}: {
  what: string
  /** The page that the notice stands on, where `children` are a page themselves. */
  around?: (notice: ReactElement) => ReactElement
  children: ReactNode
}): ReactElement {
  if (useIsAdmin()) return <>{children}</>
  return around(
    <Empty
      title="For administrators"
      actions={
        <Link to="/" className={buttonLook()}>
          To the overview
        </Link>
      }
    >
      Only administrators see and change {what}, and your account is a member’s. Ask one of them to make you
      an administrator, or to do it for you.
    </Empty>,
  )
}
