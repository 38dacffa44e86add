import { useClient } from '@roundhouse/sdk/react'
import { type ReactElement, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'

/** Sign-in with GitHub: the browser goes there and comes back to `next`. */
export function GitHubButton({ next }: { next: string }): ReactElement {
  const client = useClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const go = async () => {
    setBusy(true)
    try {
      const { url } = await client.auth.signInWithGitHub({
        callbackURL: next,
        errorCallbackURL: `${location.pathname}?next=${encodeURIComponent(next)}`,
      })
      location.assign(url)
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <div className="mt-4 grid gap-3 border-t border-line pt-4">
      <Button busy={busy && 'Going to GitHub…'} onClick={() => void go()}>
        Continue with GitHub
      </Button>
      {error !== undefined && <ProblemNotice error={error} />}
    </div>
  )
}
