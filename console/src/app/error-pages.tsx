import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { type ReactElement, useEffect } from 'react'
import { buttonLook } from '../ui/button.tsx'
import { Empty, Page } from '../ui/page.tsx'
import { ProblemNotice } from '../ui/problem.tsx'
import { PageAway, reloadIfThere } from './lazy-page.ts'
import { useLive } from './live.ts'

/** No page has this address. */
export function NotFoundPage(): ReactElement {
  return (
    <Page title="Nothing here">
      <Empty
        title="No page has this address"
        actions={
          <Link to="/" className={buttonLook('primary')}>
            To the overview
          </Link>
        }
      >
        <code className="font-mono [overflow-wrap:anywhere]">{location.pathname}</code> is not a page of this
        console. Was it removed, or is a letter missing?
      </Empty>
    </Page>
  )
}

/** A page could not be shown: a bug of ours, the server is away, or its console is newer than this one. */
export function ApiErrorPage({ error, reset }: ErrorComponentProps): ReactElement {
  if (error instanceof PageAway) return <AwayPage />
  const isOldVersion = /dynamically imported module|module script/i.test(String(error))
  return (
    <Page title={isOldVersion ? 'There is a new version' : 'This page could not be shown'}>
      <ProblemNotice
        error={
          isOldVersion ? new Error('The server has a newer console, or is away. Load the page again.') : error
        }
        retry={isOldVersion ? () => void reloadIfThere() : reset}
      />
    </Page>
  )
}

/** Opens by itself when the server is back. */
function AwayPage(): ReactElement {
  const { state } = useLive()
  useEffect(() => {
    if (state === 'live') void reloadIfThere()
  }, [state])
  return (
    <Page title="The server does not answer">
      <ProblemNotice
        error={new Error('This page was not opened before. It opens by itself when the server is back.')}
        retry={() => void reloadIfThere()}
      />
    </Page>
  )
}
