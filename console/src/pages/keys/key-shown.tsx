import type { CreatedKey } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { Notice } from '../../ui/state.tsx'

/** The only time that the key is seen. */
export function KeyShown({ made, onClose }: { made: CreatedKey; onClose: () => void }): ReactElement {
  return (
    <div className="grid gap-4">
      <Notice tone="warn">Copy it now: it is not kept, and nobody can show it to you again.</Notice>
      <CodeBlock code={made.key} label={`key ${made.name}`} />
      <div>
        <h3 className="mb-1.5 text-[13px] font-medium">Try it in a terminal</h3>
        <CodeBlock
          label="a call with the key"
          code={`export ROUNDHOUSE_KEY=${made.key}\ncurl -s ${location.origin}/api/v1/me \\\n  -H "Authorization: Bearer $ROUNDHOUSE_KEY"`}
        />
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </div>
  )
}
