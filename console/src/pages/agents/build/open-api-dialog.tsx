import type { ImportedApi, ImportOpenApi } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { DropZone } from '../../../ui/drop-zone.tsx'
import { TextArea, TextField } from '../../../ui/field.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import type { Typed } from './draft.ts'
import { OperationPicker } from './operation-picker.tsx'

/** Tools for the operations of an API that a document describes. */
export function OpenApiDialog({
  room,
  onAdd,
  onClose,
}: {
  /** How many tools the agent may still have. */
  room: number
  onAdd: (tools: Typed[]) => void
  onClose: () => void
}): ReactElement {
  const [address, setAddress] = useState('')
  const [document, setDocument] = useState('')
  const [base, setBase] = useState('')
  const [api, setApi] = useState<ImportedApi>()
  const read = useApiChange((client, source: ImportOpenApi) => client.tools.importOpenApi(source), [])
  const source: ImportOpenApi = {
    ...(document.trim() === '' ? { url: address.trim() } : { document }),
    ...(base.trim() !== '' && { base_url: base.trim() }),
  }
  const isEmpty = document.trim() === '' && address.trim() === ''
  return (
    <Dialog title={api ? `${api.title} ${api.version}` : 'Import an API'} onClose={onClose} wide>
      {api ? (
        <OperationPicker api={api} room={room} onAdd={onAdd} onBack={() => setApi(undefined)} />
      ) : (
        <form
          className="grid gap-4"
          onSubmit={event => {
            event.preventDefault()
            read.mutate(source, { onSuccess: setApi })
          }}
        >
          <p className="text-sm text-quiet">
            Of a document of OpenAPI 3.0 or 3.1, as JSON or YAML: each operation becomes an HTTP tool, and you
            choose which.
          </p>
          <TextField
            label="Address of the document"
            type="url"
            placeholder="https://api.example.com/openapi.json"
            value={address}
            onChange={event => setAddress(event.target.value)}
            spellCheck={false}
            className="font-mono"
          />
          <DropZone
            label="Choose a document"
            accept=".json,.yaml,.yml,application/json"
            onFiles={([file]) => void file?.text().then(setDocument)}
          >
            <p>At most 5 MB.</p>
          </DropZone>
          <TextArea
            label="Or the document itself"
            rows={6}
            value={document}
            onChange={event => setDocument(event.target.value)}
            spellCheck={false}
            className="font-mono text-[13px]"
          />
          <TextField
            label="Where the API is"
            type="url"
            placeholder="https://api.example.com/v1"
            hint="In the place of what the document says. Empty: as it says."
            value={base}
            onChange={event => setBase(event.target.value)}
            spellCheck={false}
            className="font-mono"
          />
          {read.error && <ProblemNotice error={read.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              look="primary"
              type="submit"
              busy={read.isPending && 'Reading…'}
              refused={isEmpty && 'Give the address of a document, or the document.'}
            >
              Read the document
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
