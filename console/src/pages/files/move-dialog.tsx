import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { counted } from '../../ui/format.ts'
import { ProblemNotice } from '../../ui/problem.tsx'
import { nameIn } from './places.ts'

/** Gives one file another name, or takes several to another folder. */
export function MoveDialog({
  bucket,
  folder,
  names,
  onDone,
  onClose,
}: {
  bucket: string
  folder: string
  /** In the folder. */
  names: readonly string[]
  /** Told the new name of a single file. */
  onDone: (to: string) => void
  onClose: () => void
}): ReactElement {
  const [only] = names.length === 1 ? names : []
  const [to, setTo] = useState(only === undefined ? folder : nameIn(folder, only))
  const move = useApiChange(
    async (client, target: string) => {
      const files = client.files.from(bucket)
      for (const name of names)
        await files.move(nameIn(folder, name), only === undefined ? nameIn(target, name) : target)
      return target
    },
    ['files'],
  )
  const target = to.trim().replace(/^\/+|\/+$/g, '')
  const isSame = target === (only === undefined ? folder : nameIn(folder, only))
  return (
    <Dialog
      title={only === undefined ? `Move ${counted(names.length, 'file')}` : `Move or rename ${only}`}
      onClose={onClose}
    >
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          move.mutate(target, {
            onSuccess: () => {
              onDone(target)
              onClose()
            },
          })
        }}
      >
        <TextField
          label={only === undefined ? 'To the folder' : 'New name'}
          value={to}
          onChange={event => setTo(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          hint={
            only === undefined
              ? 'Empty for the top of the bucket.'
              : 'With its folders, as in trips/2026/map.png.'
          }
        />
        <p className="text-[13px] text-quiet">Links to the old names end.</p>
        {move.error && <ProblemNotice error={move.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            busy={move.isPending && 'Moving…'}
            refused={isSame && 'It is there already.'}
          >
            Move
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
