import { ConnectionError, isProblem } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'
import { Notice } from './state.tsx'

/** One sentence for people: the server's own where it answered. */
export function sentenceOf(error: unknown): string {
  if (isProblem(error)) return error.message
  if (error instanceof ConnectionError)
    return error.reason === 'timeout'
      ? 'The server did not answer in time. Try again in a moment.'
      : 'The server does not answer. Is it running, and are you online?'
  return error instanceof Error ? error.message : String(error)
}

/** What went wrong, by which request, and a way to try again. */
export function ProblemNotice({
  error,
  retry,
}: {
  error: unknown
  retry?: (() => void) | undefined
}): ReactElement {
  const requestId = isProblem(error) ? error.requestId : undefined
  return (
    <div role="alert">
      <Notice tone="bad">
        <p className="[overflow-wrap:anywhere]">{sentenceOf(error)}</p>
        {(requestId !== undefined || retry) && (
          <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-quiet">
            {requestId !== undefined && (
              <span className="inline-flex items-center">
                Request&nbsp;
                <Link
                  to="/requests/$id"
                  params={{ id: requestId }}
                  className="font-mono underline underline-offset-2 [overflow-wrap:anywhere]"
                >
                  {requestId}
                </Link>
                <CopyButton text={requestId} label="request id" />
              </span>
            )}
            {retry && (
              <Button size="small" onClick={retry}>
                Try again
              </Button>
            )}
          </div>
        )}
      </Notice>
    </div>
  )
}
