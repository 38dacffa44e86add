import type { ProviderBody } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { duration } from '../../ui/format.ts'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'

/** Asks it something short, and says what came of it. */
export function ProviderTest({ provider }: { provider: ProviderBody }): ReactElement {
  const [model, setModel] = useState('')
  const test = useApiChange(
    client => client.admin.providers.test(provider.name, model.trim() === '' ? {} : { model: model.trim() }),
    [],
  )
  const needsName = provider.models.length === 0
  return (
    <div className="mt-4 grid gap-2">
      <form
        className="flex flex-wrap items-end gap-2"
        onSubmit={event => {
          event.preventDefault()
          test.mutate(undefined)
        }}
      >
        {needsName && (
          <TextField
            label={`Model of ${provider.name} to ask`}
            hideLabel
            placeholder="Name of a model"
            value={model}
            onChange={event => setModel(event.target.value)}
            spellCheck={false}
            className="max-w-60 font-mono"
          />
        )}
        <Button
          type="submit"
          size={needsName ? 'normal' : 'small'}
          busy={test.isPending && 'Asking…'}
          refused={needsName && model.trim() === '' && 'Name a model to ask first.'}
        >
          Test
        </Button>
      </form>
      <div aria-live="polite">
        {test.error && <ProblemNotice error={test.error} />}
        {test.data && (
          <Notice tone={test.data.ok ? 'good' : 'bad'}>
            {test.data.ok
              ? `${test.data.model} began to answer after ${duration(test.data.ms)}.`
              : test.data.detail}
          </Notice>
        )}
      </div>
    </div>
  )
}
