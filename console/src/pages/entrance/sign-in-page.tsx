import { useSession } from '@roundhouse/sdk/react'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { type ReactElement, useEffect } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Entrance } from './entrance.tsx'
import { GitHubButton } from './git-hub-button.tsx'
import { nextAddress } from './next-address.ts'
import { useSubmit } from './use-submit.ts'

const route = getRouteApi('/sign-in')

export function SignInPage(): ReactElement {
  const search = route.useSearch()
  const { status, signIn, error: refusal } = useSession()
  const router = useRouter()
  const options = useApi(['settings', 'sign-in'], (client, call) => client.auth.options(call))
  const next = nextAddress(search.next, location.origin)
  const { isBusy, error, onSubmit } = useSubmit(({ email = '', password = '' }) =>
    signIn({ email, password }),
  )
  useEffect(() => {
    if (status !== 'signed-in') return
    // Pages of the server, such as those of agents, are not of this router.
    if (/^\/(a|m)\//.test(next)) location.replace(next)
    else router.history.replace(next)
  }, [status, next, router])

  return (
    <Entrance
      title="Sign in"
      about={
        options.data?.needs_setup
          ? 'This server has no administrator yet. Open the set-up link that it printed at its first start.'
          : 'Models, agents, jobs and files of this server.'
      }
    >
      <form onSubmit={onSubmit} className="grid gap-4">
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        {search.error !== undefined && (
          <Notice tone="bad">GitHub did not sign you in: {search.error}.</Notice>
        )}
        {(error ?? refusal) !== undefined && <ProblemNotice error={error ?? refusal} />}
        <Button look="primary" type="submit" busy={isBusy && 'Signing in…'}>
          Sign in
        </Button>
      </form>
      {options.data?.github && <GitHubButton next={next} />}
      {options.data && options.data.sign_up !== 'closed' && (
        <p className="mt-5 text-sm text-quiet">
          {options.data.sign_up === 'open' ? (
            <>
              No account yet?{' '}
              <Link
                to="/sign-up"
                search={search.next === undefined ? {} : { next: search.next }}
                className="text-accent underline underline-offset-2"
              >
                Make one
              </Link>
            </>
          ) : (
            'New accounts are made by invitation: an administrator sends you a link.'
          )}
        </p>
      )}
    </Entrance>
  )
}
