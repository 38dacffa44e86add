import { useSession } from '@roundhouse/sdk/react'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { type ReactElement, useEffect } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Entrance } from './entrance.tsx'
import { GitHubButton } from './git-hub-button.tsx'
import { NewAccountFields } from './new-account-fields.tsx'
import { nextAddress } from './next-address.ts'
import { useSubmit } from './use-submit.ts'

const route = getRouteApi('/sign-up')

export function SignUpPage(): ReactElement {
  const { next: asked, invitation } = route.useSearch()
  const { status, signUp } = useSession()
  const router = useRouter()
  const options = useApi(['settings', 'sign-in'], (client, call) => client.auth.options(call))
  const next = nextAddress(asked, location.origin)
  const { isBusy, error, onSubmit } = useSubmit(({ name = '', email = '', password = '' }) =>
    signUp({ name, email, password, ...(invitation !== undefined && { invitation }) }),
  )
  useEffect(() => {
    if (status === 'signed-in') router.history.replace(next)
  }, [status, next, router])
  const isClosed =
    options.data?.sign_up === 'closed' || (options.data?.sign_up === 'invitation' && invitation === undefined)

  return (
    <Entrance
      title="Make an account"
      about={invitation === undefined ? 'For this server alone.' : 'You were invited to this server.'}
    >
      {isClosed ? (
        <Notice tone="info">
          Accounts of this server are made by invitation. Ask an administrator for a link.
        </Notice>
      ) : (
        <form onSubmit={onSubmit} className="grid gap-4">
          <NewAccountFields />
          {error !== undefined && <ProblemNotice error={error} />}
          <Button look="primary" type="submit" busy={isBusy && 'Making the account…'}>
            Make the account
          </Button>
        </form>
      )}
      {options.data?.github && <GitHubButton next={next} />}
      <p className="mt-5 text-sm text-quiet">
        There is one already?{' '}
        <Link
          to="/sign-in"
          search={asked === undefined ? {} : { next: asked }}
          className="text-accent underline underline-offset-2"
        >
          Sign in
        </Link>
      </p>
    </Entrance>
  )
}
