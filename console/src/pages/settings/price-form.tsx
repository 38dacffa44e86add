import type { Prices } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { NumberField } from '../../ui/number-field.tsx'
import { Card, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'

const fields = [
  { name: 'run', label: 'A run of an agent', hint: 'Beside what its agent and its tokens cost.' },
  { name: 'report', label: 'A report', hint: 'For each PDF that is made.' },
  { name: 'heavy-second', label: 'A second of a batch', hint: 'While a worker works on it.' },
] as const

/** What work costs beside models, which have a price each. */
export function PriceForm(): ReactElement {
  const prices = useApi(['settings', 'prices'], (client, options) => client.admin.prices.get(options))
  return (
    <Section
      title="Prices"
      about={
        <>
          In whole credits; 0 is free. A{' '}
          <Link to="/models" className="underline underline-offset-2">
            model
          </Link>{' '}
          has its own price per call, and models of{' '}
          <Link to="/settings" className="underline underline-offset-2">
            providers
          </Link>{' '}
          are paid by token.
        </>
      }
      actions={<CopyAsCurl call={prices.call} />}
    >
      {prices.isPending && <Waiting what="the prices" />}
      {prices.error && <ProblemNotice error={prices.error} retry={() => void prices.refetch()} />}
      {prices.data && <Fields key={JSON.stringify(prices.data)} prices={prices.data} />}
    </Section>
  )
}

function Fields({ prices }: { prices: Prices }): ReactElement {
  const [wanted, setWanted] = useState(prices)
  const changed: Partial<Prices> = Object.fromEntries(
    fields.filter(({ name }) => wanted[name] !== prices[name]).map(({ name }) => [name, wanted[name]]),
  )
  const save = useApiChange(client => client.admin.prices.update(changed), ['settings', 'audit'])
  return (
    <Card>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          save.mutate(undefined, { onSuccess: () => void toast('The prices are saved.') })
        }}
      >
        <div className="grid gap-4 sm:grid-cols-3">
          {fields.map(({ name, label, hint }) => (
            <NumberField
              key={name}
              label={`${label}, credits`}
              hint={hint}
              min={0}
              step={1}
              value={wanted[name]}
              onChange={value => setWanted(before => ({ ...before, [name]: value ?? 0 }))}
            />
          ))}
        </div>
        {save.error && <ProblemNotice error={save.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.prices.update(changed)} />
          <Button
            look="primary"
            type="submit"
            busy={save.isPending && 'Saving…'}
            refused={Object.keys(changed).length === 0 && 'Nothing is changed yet.'}
          >
            Save prices
          </Button>
        </div>
      </form>
    </Card>
  )
}
