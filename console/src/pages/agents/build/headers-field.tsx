import { Plus, Trash2 } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useIsAdmin } from '../../../app/me.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { ChoiceField } from '../../../ui/choice-field.tsx'
import { SelectField, TextField } from '../../../ui/field.tsx'
import { isJsonObject, type JsonObject } from '../../../ui/read-json.ts'
import { useSecretNames } from './references.ts'

type Row = { id: number; name: string; isSecret: boolean; value: string }

/** Headers by name: each a text, or a secret of the house that is referred to by its name and never shown. */
export function HeadersField({
  label,
  value,
  onChange,
  error,
}: {
  label: string
  value: unknown
  onChange: (value: JsonObject | undefined) => void
  error?: string
}): ReactElement {
  const [rows, setRows] = useState(() => rowsOf(value))
  const isAdmin = useIsAdmin()
  const secrets = useSecretNames()
  const change = (next: Row[]) => {
    setRows(next)
    const named = next.filter(row => row.name.trim() !== '')
    const headers = named.map(row => [row.name.trim(), row.isSecret ? { secret: row.value } : row.value])
    onChange(headers.length === 0 ? undefined : Object.fromEntries(headers))
  }
  const set = (row: Row, part: Partial<Row>) =>
    change(rows.map(one => (one === row ? { ...row, ...part } : one)))
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[13px] font-medium">{label}</legend>
      {rows.map((row, index) => (
        <div key={row.id} className="grid items-start gap-2 sm:grid-cols-[1fr_7.5rem_1.4fr_auto]">
          <TextField
            label={`Name of header ${index + 1}`}
            hideLabel
            placeholder="Authorization"
            value={row.name}
            onChange={event => set(row, { name: event.target.value })}
            spellCheck={false}
            className="font-mono"
          />
          <SelectField
            label={`What header ${index + 1} holds`}
            hideLabel
            value={row.isSecret ? 'secret' : 'text'}
            onChange={event => set(row, { isSecret: event.target.value === 'secret', value: '' })}
          >
            <option value="text">Text</option>
            <option value="secret">Secret</option>
          </SelectField>
          {row.isSecret ? (
            <ChoiceField
              label={`Secret of header ${index + 1}`}
              hideLabel
              value={row.value}
              groups={[
                {
                  label: 'Secrets of this server',
                  choices: secrets.map(name => ({ value: name, label: name })),
                },
              ]}
              onChange={secret => set(row, { value: secret })}
              hint={
                isAdmin
                  ? 'It goes only to the hosts that are named with it, in Settings.'
                  : 'Only administrators may give an agent a tool that sends a secret.'
              }
            />
          ) : (
            <TextField
              label={`Value of header ${index + 1}`}
              hideLabel
              value={row.value}
              onChange={event => set(row, { value: event.target.value })}
              spellCheck={false}
              className="font-mono"
            />
          )}
          <IconButton
            label={`Remove header ${row.name || index + 1}`}
            onClick={() => change(rows.filter(one => one !== row))}
          >
            <Trash2 className="size-4" />
          </IconButton>
        </div>
      ))}
      {error !== undefined && (
        <p role="alert" className="text-[13px] text-bad">
          {error}
        </p>
      )}
      <div>
        <Button
          size="small"
          icon={<Plus className="size-3.5" />}
          onClick={() =>
            setRows([
              ...rows,
              { id: Math.max(0, ...rows.map(row => row.id)) + 1, name: '', isSecret: false, value: '' },
            ])
          }
        >
          Add header
        </Button>
      </div>
    </fieldset>
  )
}

function rowsOf(value: unknown): Row[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).map(([name, held], id) => ({
    id,
    name,
    isSecret: isJsonObject(held),
    value: String(isJsonObject(held) ? (held.secret ?? '') : held),
  }))
}
