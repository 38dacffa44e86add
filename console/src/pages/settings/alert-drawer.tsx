import type { Alert } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Facts } from '../../ui/page.tsx'
import { Moment } from '../../ui/time.tsx'

export function AlertDrawer({ alert, onClose }: { alert: Alert; onClose: () => void }): ReactElement {
  return (
    <Dialog title={alert.summary} place="side" onClose={onClose}>
      <div className="grid gap-5">
        <Facts
          facts={[
            ['Type', <code key="type">{alert.type}</code>],
            ['Severity', alert.severity],
            ['Since', <Moment key="since" at={alert.opened_at} />],
            ['Last seen', <Moment key="seen" at={alert.last_seen_at} />],
            ['Last told', <Moment key="told" at={alert.last_sent_at} />],
            ['Over', alert.resolved_at === null ? 'not yet' : <Moment key="over" at={alert.resolved_at} />],
            ['Not told yet', alert.undelivered.join(', ') || 'all channels were told'],
            ['Id', <Identifier key="id" value={alert.id} label="alert id" />],
          ]}
        />
        <div>
          <h3 className="mb-1.5 text-[13px] font-medium">Details</h3>
          <CodeBlock label="details" code={JSON.stringify(alert.details, null, 2)} />
        </div>
      </div>
    </Dialog>
  )
}
