import type { FileEntry } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { FolderInput, FolderPlus, Trash2 } from 'lucide-react'
import { type ReactElement, useCallback, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { SelectField } from '../../ui/field.tsx'
import { counted } from '../../ui/format.ts'
import { SearchField } from '../../ui/search-field.tsx'
import { toast } from '../../ui/toast.ts'
import type { Selection } from '../../ui/use-selection.ts'
import { MoveDialog } from './move-dialog.tsx'
import { NewFolder } from './new-folder.tsx'
import { namesWithin, removeAll, waysTo } from './places.ts'

const route = getRouteApi('/app/files/$bucket')

/** Where one is in the bucket, what to look for, and what is done to the chosen. */
export function FolderBar({
  bucket,
  folder,
  home,
  entries,
  selection,
  onFolder,
}: {
  bucket: string
  folder: string
  /** The folder above which there is nothing for the caller. */
  home: string
  entries: readonly FileEntry[]
  selection: Selection
  onFolder: (folder: string) => void
}): ReactElement {
  const { q = '', sort = 'name' } = route.useSearch()
  const navigate = route.useNavigate()
  const [asked, setAsked] = useState<'folder' | 'delete' | 'move'>()
  const chosen = entries.filter(entry => selection.has(entry.name))
  const remove = useApiChange(
    async (client, rows: readonly FileEntry[]) => {
      const files = client.files.from(bucket)
      const names = await namesWithin(files, folder, rows)
      return { wanted: names.length, removed: await removeAll(files, names) }
    },
    ['files'],
  )
  const search = useCallback(
    (text: string) =>
      void navigate({ search: before => ({ ...before, q: text || undefined }), replace: true }),
    [navigate],
  )
  const close = () => setAsked(undefined)
  const ways = waysTo(folder).filter(way => way.folder.length > home.length)
  return (
    <>
      <nav aria-label="Folders" className="mb-3 flex flex-wrap items-center gap-1 text-sm">
        {[{ label: home === '' ? bucket : 'Your folder', folder: home }, ...ways].map((way, index, all) => (
          <span key={way.folder} className="flex items-center gap-1">
            {index > 0 && (
              <span aria-hidden="true" className="text-quiet">
                /
              </span>
            )}
            <button
              type="button"
              aria-current={index === all.length - 1 ? 'page' : undefined}
              onClick={() => onFolder(way.folder)}
              className="rounded px-1 py-0.5 text-quiet [overflow-wrap:anywhere] hover:text-ink hover:underline aria-[current=page]:font-medium aria-[current=page]:text-ink"
            >
              {way.label}
            </button>
          </span>
        ))}
      </nav>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <div className="flex basis-full sm:basis-auto sm:flex-1">
          <SearchField label="Find names that begin with" value={q} onChange={search} />
        </div>
        <div className="w-40">
          <SelectField
            label="Order"
            hideLabel
            value={sort}
            onChange={({ target }) =>
              void navigate({
                search: before => ({
                  ...before,
                  sort: (['newest', 'oldest'] as const).find(one => one === target.value),
                }),
                replace: true,
              })
            }
          >
            <option value="name">By name</option>
            <option value="newest">Newest first</option>
            <option value="oldest">Oldest first</option>
          </SelectField>
        </div>
        <Button icon={<FolderPlus className="size-4" />} onClick={() => setAsked('folder')}>
          New folder
        </Button>
      </div>
      {entries.length > 0 && (
        <div className="mb-3 flex flex-wrap items-center gap-2 text-sm">
          <Button
            size="small"
            look="quiet"
            onClick={() =>
              chosen.length > 0 ? selection.clear() : selection.set(entries.map(({ name }) => name))
            }
          >
            {chosen.length > 0 ? 'Select none' : 'Select all shown'}
          </Button>
          {chosen.length > 0 && (
            <>
              <span className="text-quiet">{chosen.length} selected</span>
              <Button
                size="small"
                icon={<FolderInput className="size-3.5" />}
                refused={
                  chosen.some(entry => entry.id === null) &&
                  'Folders are moved file by file: select the files in them.'
                }
                onClick={() => setAsked('move')}
              >
                Move
              </Button>
              <Button
                size="small"
                look="danger"
                icon={<Trash2 className="size-3.5" />}
                onClick={() => setAsked('delete')}
              >
                Delete
              </Button>
            </>
          )}
        </div>
      )}
      {asked === 'folder' && <NewFolder folder={folder} onFolder={onFolder} onClose={close} />}
      {asked === 'move' && (
        <MoveDialog
          bucket={bucket}
          folder={folder}
          names={chosen.map(({ name }) => name)}
          onDone={selection.clear}
          onClose={close}
        />
      )}
      {asked === 'delete' && (
        <ConfirmDialog
          title={`Delete ${counted(chosen.length, 'item')}?`}
          action="Delete them"
          busy="Deleting…"
          onClose={close}
          onConfirm={async () => {
            const { wanted, removed } = await remove.mutateAsync(chosen)
            selection.clear()
            void toast(
              removed === wanted
                ? `${counted(removed, 'file')} deleted.`
                : `${removed} of ${counted(wanted, 'file')} deleted: the others are not yours, or are kept by what they belong to.`,
            )
          }}
        >
          Folders go with all that is in them, and links to these files end. This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  )
}
