import { useNavigate } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'

const form = /^[A-Za-z0-9._-]{1,128}$/

/** Opens the story of a request by its id. */
export function RequestLookup(): ReactElement {
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const id = text.trim()
  const isWrong = id !== '' && !form.test(id)
  return (
    <form
      className="grid items-start gap-2 sm:grid-cols-[minmax(0,1fr)_auto]"
      onSubmit={event => {
        event.preventDefault()
        if (id !== '' && !isWrong) void navigate({ to: '/requests/$id', params: { id } })
      }}
    >
      <TextField
        label="Request id"
        value={text}
        onChange={event => setText(event.target.value)}
        hint="Every answer has it in its header X-Request-ID."
        error={isWrong ? 'A request id has letters, digits, dots, underscores and hyphens.' : undefined}
        spellCheck={false}
        autoComplete="off"
        className="font-mono"
      />
      <Button
        look="primary"
        type="submit"
        className="sm:mt-6"
        refused={id === '' && 'Write a request id first.'}
      >
        Open its story
      </Button>
    </form>
  )
}
