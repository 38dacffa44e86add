import { type ReactElement, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { nameIn } from './places.ts'

/** Goes to a folder that is not there yet: the store knows names alone, so it comes to be with its first file. */
export function NewFolder({
  folder,
  onFolder,
  onClose,
}: {
  folder: string
  onFolder: (folder: string) => void
  onClose: () => void
}): ReactElement {
  const [name, setName] = useState('')
  const clean = name.trim().replace(/^\/+|\/+$/g, '')
  return (
    <Dialog title="New folder" onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          onClose()
          onFolder(nameIn(folder, clean))
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={event => setName(event.target.value)}
          autoComplete="off"
          hint="It comes to be with its first file."
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" refused={clean === '' && 'Give it a name first.'}>
            Go there
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
