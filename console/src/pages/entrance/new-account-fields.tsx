import type { ReactElement } from 'react'
import { TextField } from '../../ui/field.tsx'

export function NewAccountFields(): ReactElement {
  return (
    <>
      <TextField label="Name" name="name" autoComplete="name" required maxLength={100} autoFocus />
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required maxLength={254} />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={8}
        maxLength={128}
        hint="At least 8 characters."
      />
    </>
  )
}
