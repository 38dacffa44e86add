import type { ReactElement } from 'react'
import { useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextArea, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'

export function PasteDialog({
  collectionId,
  onClose,
}: {
  collectionId: string
  onClose: () => void
}): ReactElement {
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const add = useApiChange(
    (client, document: { name: string; text: string }) =>
      client.knowledge.addDocument(collectionId, document),
    ['collections'],
  )
  return (
    <Dialog title="Paste a text" onClose={onClose} wide>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          add.mutate({ name, text }, { onSuccess: onClose })
        }}
      >
        <TextField
          label="Name of the document"
          placeholder="notice-periods.md"
          hint="Ending in .md it is read as Markdown, in .csv as a table."
          value={name}
          onChange={event => setName(event.target.value)}
          required
          autoFocus
        />
        <TextArea
          label="Text"
          rows={14}
          value={text}
          onChange={event => setText(event.target.value)}
          required
        />
        {add.error && <ProblemNotice error={add.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={add.isPending && 'Adding…'}>
            Add document
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
