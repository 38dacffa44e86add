import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactElement, useRef } from 'react'
import { refresh } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CheckField, TextField } from '../../ui/field.tsx'
import { Card } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { useSubmit } from '../entrance/use-submit.ts'

export function PasswordForm(): ReactElement {
  const client = useClient()
  const queries = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const { isBusy, error, onSubmit } = useSubmit(async ({ current = '', next = '', others }) => {
    await client.auth.changePassword({
      currentPassword: current,
      newPassword: next,
      revokeOtherSessions: others !== undefined,
    })
    form.current?.reset()
    void toast('The password is changed.')
    await refresh(queries, ['sessions'])
  })
  return (
    <Card>
      <form ref={form} onSubmit={onSubmit} className="grid gap-4">
        <TextField
          label="Password now"
          name="current"
          type="password"
          autoComplete="current-password"
          required
        />
        <TextField
          label="New password"
          name="next"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          maxLength={128}
          hint="At least 8 characters."
        />
        <CheckField
          label="Sign out everywhere else"
          name="others"
          defaultChecked
          hint="API keys stay as they are."
        />
        {error !== undefined && <ProblemNotice error={error} />}
        <div>
          <Button type="submit" busy={isBusy && 'Changing it…'}>
            Change the password
          </Button>
        </div>
      </form>
    </Card>
  )
}
