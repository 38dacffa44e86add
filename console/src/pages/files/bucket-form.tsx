import type { Bucket, CreateBucket } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'

/** Makes a bucket, or changes what it allows. */
export function BucketForm({ bucket, onClose }: { bucket?: Bucket; onClose: () => void }): ReactElement {
  const [name, setName] = useState(bucket?.name ?? '')
  const [isPublic, setPublic] = useState(bucket?.public ?? false)
  const [isOpen, setOpen] = useState(bucket?.open_folders ?? false)
  const [limit, setLimit] = useState(bucket?.file_size_limit?.toString() ?? '')
  const [types, setTypes] = useState(bucket?.allowed_mime_types?.join(', ') ?? '')
  const save = useApiChange(
    (client, { name: own, ...rest }: CreateBucket) =>
      bucket ? client.files.buckets.update(own, rest) : client.files.buckets.create({ name: own, ...rest }),
    ['files'],
  )
  const allowed = types.split(/[\s,]+/).filter(type => type !== '')
  const wish = {
    name,
    public: isPublic,
    open_folders: isOpen,
    file_size_limit: limit.trim() === '' ? null : /^\d+$/.test(limit.trim()) ? Number(limit) : limit.trim(),
    allowed_mime_types: allowed.length === 0 ? null : allowed,
  }
  return (
    <Dialog title={bucket ? `Change ${bucket.name}` : 'New bucket'} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          save.mutate(wish, { onSuccess: onClose })
        }}
      >
        {!bucket && (
          <TextField
            label="Name"
            value={name}
            onChange={event => setName(event.target.value)}
            required
            maxLength={100}
            autoComplete="off"
            spellCheck={false}
            hint="It is part of every address, and stays as it is."
          />
        )}
        <CheckField
          label="Public"
          checked={isPublic}
          onChange={event => setPublic(event.target.checked)}
          hint="Everyone reads its files by their address, without signing in."
        />
        <CheckField
          label="Shared folders"
          checked={isOpen}
          onChange={event => setOpen(event.target.checked)}
          hint="Users read and add everywhere in it. Without it each has a folder of their own."
        />
        <TextField
          label="Largest file"
          value={limit}
          onChange={event => setLimit(event.target.value)}
          placeholder="50MB"
          hint="Bytes, or 50MB. Empty: the limit of the server."
        />
        <TextField
          label="Allowed types"
          value={types}
          onChange={event => setTypes(event.target.value)}
          placeholder="image/*, application/pdf"
          hint="Media types with commas between. Empty: all."
        />
        {save.error && <ProblemNotice error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={save.isPending && 'Saving…'}>
            {bucket ? 'Save' : 'Make the bucket'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
