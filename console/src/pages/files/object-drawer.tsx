import type { Bucket, Client } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { Download, FolderInput, Trash2 } from 'lucide-react'
import { type ReactElement, useCallback, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { bytes } from '../../ui/format.ts'
import { Facts, Waiting } from '../../ui/page.tsx'
import { ProblemNotice, sentenceOf } from '../../ui/problem.tsx'
import { Moment } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.ts'
import { LinkMaker } from './link-maker.tsx'
import { MoveDialog } from './move-dialog.tsx'
import { ObjectPreview } from './object-preview.tsx'
import { lastPart } from './places.ts'

/** One file beside its list. */
export function ObjectDrawer({
  bucket,
  name,
  onMoved,
  onClose,
}: {
  bucket: Bucket
  name: string
  /** To another name; undefined: out of this folder. */
  onMoved: (to: string | undefined) => void
  onClose: () => void
}): ReactElement {
  const client = useClient()
  const [asked, setAsked] = useState<'delete' | 'move'>()
  const folder = name.split('/').slice(0, -1).join('/')
  const info = useApi(['files', bucket.name, name, 'info'], (one, options) =>
    one.files.from(bucket.name).info(name, options),
  )
  const remove = useApiChange(
    async one => {
      const removed = await one.files.from(bucket.name).remove([name])
      if (removed.length === 0)
        throw new Error('It was not deleted: it is not yours, or goes only with what it belongs to.')
    },
    ['files'],
  )
  const call = useCallback((one: Client) => one.files.from(bucket.name).download(name), [bucket.name, name])
  const save = async () => {
    try {
      location.assign(
        await client.files.from(bucket.name).signedUrl(name, { expiresInSeconds: 60, download: true }),
      )
    } catch (error) {
      void toast(sentenceOf(error))
    }
  }
  return (
    <Dialog title={lastPart(name)} place="side" onClose={onClose}>
      {info.error && <ProblemNotice error={info.error} retry={() => void info.refetch()} />}
      {info.isPending && <Waiting what="the file" />}
      {info.data && (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
          <div className="flex flex-wrap gap-2">
            <Button look="primary" icon={<Download className="size-4" />} onClick={() => void save()}>
              Download
            </Button>
            <Button icon={<FolderInput className="size-4" />} onClick={() => setAsked('move')}>
              Move or rename
            </Button>
            <Button look="danger" icon={<Trash2 className="size-4" />} onClick={() => setAsked('delete')}>
              Delete
            </Button>
            <CopyAsCurl call={call} />
          </div>
          <ObjectPreview bucket={bucket.name} info={info.data} />
          <Facts
            facts={[
              ['Name', <Identifier key="name" value={info.data.name} label="name" />],
              ['Size', bytes(info.data.size)],
              ['Type', info.data.content_type],
              ['Stored', <Moment key="stored" at={info.data.created_at} />],
              ['Changed', <Moment key="changed" at={info.data.last_modified} />],
              [
                'ETag',
                <code key="etag" className="font-mono text-[13px]">
                  {info.data.etag}
                </code>,
              ],
              ['Readers keep it', info.data.cache_control],
            ]}
          />
          {info.data.metadata && Object.keys(info.data.metadata).length > 0 && (
            <CodeBlock label="Metadata" code={JSON.stringify(info.data.metadata, null, 2)} />
          )}
          <LinkMaker bucket={bucket} name={name} />
        </div>
      )}
      {asked === 'move' && (
        <MoveDialog
          bucket={bucket.name}
          folder={folder}
          names={[lastPart(name)]}
          onDone={to => onMoved(to.split('/').slice(0, -1).join('/') === folder ? to : undefined)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === 'delete' && (
        <ConfirmDialog
          title={`Delete ${lastPart(name)}?`}
          action="Delete file"
          busy="Deleting…"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(undefined)
            onClose()
          }}
        >
          Links to it end. This cannot be undone.
        </ConfirmDialog>
      )}
    </Dialog>
  )
}
