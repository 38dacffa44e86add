import { type ReactElement, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'

type Range = { from: string | undefined; to: string | undefined }

/** Chooses lines between two moments, in the reader's zone. */
export function TimeRangeDialog({
  from,
  to,
  onChange,
  onClose,
}: Range & { onChange(range: Range): void; onClose(): void }): ReactElement {
  const [start, setStart] = useState(toField(from))
  const [end, setEnd] = useState(toField(to ?? new Date().toISOString()))
  const isWrong = start !== '' && end !== '' && start >= end
  return (
    <Dialog title="Lines of a time" onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          if (isWrong || end === '') return
          onChange({ from: fromField(start), to: fromField(end) })
          onClose()
        }}
      >
        <TextField
          label="From"
          type="datetime-local"
          step={1}
          value={start}
          onChange={event => setStart(event.target.value)}
          hint="Empty: as far back as there are any."
        />
        <TextField
          label="To"
          type="datetime-local"
          step={1}
          value={end}
          onChange={event => setEnd(event.target.value)}
          error={isWrong ? 'The end has to be after the beginning.' : undefined}
          required
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit">
            Show these lines
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** `2026-11-22T09:30:00`, as the browser's field has it. */
function toField(at: string | undefined): string {
  if (at === undefined) return ''
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return ''
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

function fromField(text: string): string | undefined {
  return text === '' ? undefined : new Date(text).toISOString()
}
