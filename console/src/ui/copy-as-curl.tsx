import { Terminal } from 'lucide-react'
import { lazy, type ReactElement, Suspense, useState } from 'react'
import { Button } from './button.tsx'
import type { DescribableCall } from './call-snippets.tsx'
import { Dialog } from './dialog.tsx'
import { Waiting } from './page.tsx'

const CallSnippets = lazy(async () => ({ default: (await import('./call-snippets.tsx')).CallSnippets }))

/** The call behind what is shown, in a dialog: on every list and for every action. */
export function CopyAsCurl({ call }: { call: DescribableCall }): ReactElement {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        look="quiet"
        size="small"
        icon={<Terminal className="size-3.5" />}
        onClick={() => setOpen(true)}
      >
        Copy as curl
      </Button>
      {isOpen && (
        <Dialog title="The same from elsewhere" onClose={() => setOpen(false)} wide>
          <Suspense fallback={<Waiting what="the call" />}>
            <CallSnippets call={call} />
          </Suspense>
        </Dialog>
      )}
    </>
  )
}
