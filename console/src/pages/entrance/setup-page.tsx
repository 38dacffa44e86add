import { useClient, useSession } from '@roundhouse/sdk/react'
import { Link, useRouter } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Entrance } from './entrance.tsx'
import { NewAccountFields } from './new-account-fields.tsx'
import { useSubmit } from './use-submit.ts'

/** The first administrator, by the one-time link of the first start. */
export function SetupPage(): ReactElement {
  const client = useClient()
  const { refresh } = useSession()
  const router = useRouter()
  const options = useApi(['settings', 'sign-in'], (one, call) => one.auth.options(call))
  // After the `#`, so that it is in no log.
  const [token] = useState(() => location.hash.slice(1))
  const { isBusy, error, onSubmit } = useSubmit(async ({ name = '', email = '', password = '' }) => {
    await client.auth.setUp({ token, name, email, password })
    await refresh()
    await options.refetch()
    router.history.replace('/')
  })

  if (options.data?.needs_setup === false)
    return (
      <Entrance title="Already set up" about="This server has an administrator; the set-up link works once.">
        <Link to="/sign-in" className={buttonLook('primary')}>
          Sign in
        </Link>
        <p className="mt-6 mb-2 text-sm text-quiet">
          Nobody knows the password any more? On the server, this makes another administrator:
        </p>
        <CodeBlock label="Command" code="npx roundhouse users create you@example.com --admin" />
      </Entrance>
    )
  return (
    <Entrance
      title="Make the first administrator"
      about="This server is new. Whoever has this link makes the account that may do everything; the link works once."
    >
      {token === '' ? (
        <>
          <p className="mb-2 text-sm">
            The link has a part behind “#”, and this one has none. The server shows it again:
          </p>
          <CodeBlock label="Command" code="npx roundhouse start" />
        </>
      ) : (
        <form onSubmit={onSubmit} className="grid gap-4">
          <NewAccountFields />
          {error !== undefined && <ProblemNotice error={error} />}
          <Button look="primary" type="submit" busy={isBusy && 'Making the account…'}>
            Make the account and begin
          </Button>
        </form>
      )}
    </Entrance>
  )
}
