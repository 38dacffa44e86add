import type { AlertTest } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { Notice } from '../../ui/state.tsx'

/** What each channel said of a test. */
export function AlertTestResult({ results }: { results: AlertTest['data'] }): ReactElement {
  if (results.length === 0)
    return (
      <Notice tone="warn">
        No channel is set, so nobody is told. Set <code className="font-mono">ALERT_WEBHOOK_URL</code> with{' '}
        <code className="font-mono">ALERT_WEBHOOK_SECRET</code>, or{' '}
        <code className="font-mono">ALERT_EMAIL_TO</code> with <code className="font-mono">SMTP_URL</code> and{' '}
        <code className="font-mono">SMTP_FROM</code>, and start the server again.
      </Notice>
    )
  return (
    <>
      {results.map(({ channel, ok, detail }) => (
        <Notice key={channel} tone={ok ? 'good' : 'bad'}>
          <span className="font-medium">{channel}</span>: {detail}
        </Notice>
      ))}
    </>
  )
}
