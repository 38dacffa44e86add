import type { Bucket } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { SelectField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago, Moment } from '../../ui/time.tsx'

const lifetimes = [
  ['600', '10 minutes'],
  ['3600', '1 hour'],
  ['86400', '1 day'],
  ['604800', '7 days'],
  ['2592000', '30 days'],
] as const

/** Links by which others read a file without signing in. */
export function LinkMaker({ bucket, name }: { bucket: Bucket; name: string }): ReactElement {
  const files = useClient().files.from(bucket.name)
  const [seconds, setSeconds] = useState<string>('3600')
  const link = useApiChange(async (client, expiresInSeconds: number) => {
    const until = new Date(Date.now() + expiresInSeconds * 1000).toISOString()
    const url = await client.files.from(bucket.name).signedUrl(name, { expiresInSeconds })
    return { url: new URL(url, location.origin).href, until }
  }, [])
  return (
    <section aria-label="Links" className="grid grid-cols-[minmax(0,1fr)] gap-3 border-t border-line pt-4">
      {bucket.public && (
        <div>
          <h3 className="mb-1.5 text-sm font-semibold">Public address</h3>
          <CodeBlock label="Public address" code={new URL(files.publicUrl(name), location.origin).href} />
        </div>
      )}
      <h3 className="text-sm font-semibold">Signed link</h3>
      <div className="flex flex-wrap items-end gap-2">
        <div className="w-40">
          <SelectField label="Works for" value={seconds} onChange={event => setSeconds(event.target.value)}>
            {lifetimes.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectField>
        </div>
        <Button busy={link.isPending && 'Signing…'} onClick={() => link.mutate(Number(seconds))}>
          Make a link
        </Button>
      </div>
      {link.error && <ProblemNotice error={link.error} />}
      {link.data && (
        <div>
          <CodeBlock label="Signed link" code={link.data.url} />
          <p className="mt-1.5 text-[13px] text-quiet">
            Reads this file without signing in until <Moment at={link.data.until} /> (
            <Ago at={link.data.until} />
            ). It cannot be taken back before; moving or deleting the file ends it.
          </p>
        </div>
      )}
    </section>
  )
}
