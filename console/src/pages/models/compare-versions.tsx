import type { Model, ModelMetrics } from '@roundhouse/sdk'
import { type ReactElement, useMemo } from 'react'
import { type ApiQuery, useApi } from '../../app/use-api.ts'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { bytes, count, duration, percent } from '../../ui/format.ts'
import { Card, Section } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { executorOf } from './executor.ts'
import type { Family } from './families.ts'
import { changedSpecs, type SpecChange } from './signature.ts'
import { type MetricSum, sumMetrics } from './sum-metrics.ts'
import type { Served } from './version-state.ts'

const spans = [1, 7]

/** The version of this page beside another one: how fast, how often wrong, and what they take and give. */
export function CompareVersions({
  model,
  family,
  served,
  other: otherId,
  days = 7,
  onChange,
}: {
  model: Model
  family: Family
  served: Served
  other: string | undefined
  days?: number | undefined
  onChange: (change: { compare?: string; days?: number }) => void
}): ReactElement | null {
  const others = family.versions.filter(({ id }) => id !== model.id)
  const other = others.find(({ id }) => id === otherId) ?? others[0]
  if (other === undefined)
    return (
      <p className="text-sm text-quiet">
        With a second version there is something to compare: upload one, and it takes over when it is ready.
      </p>
    )
  return (
    <Section
      title="Compare two versions"
      about="Calls by everyone, and the time in the model of those that were computed."
      actions={
        <>
          <SelectField
            label="Compare with"
            hideLabel
            value={other.id}
            onChange={event => onChange({ compare: event.target.value })}
          >
            {others.map(({ id, version }) => (
              <option key={id} value={id}>
                {model.version} and {version}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="Time"
            hideLabel
            value={days}
            onChange={event => onChange({ days: Number(event.target.value) })}
          >
            {spans.map(span => (
              <option key={span} value={span}>
                {span === 1 ? 'last day' : `last ${span} days`}
              </option>
            ))}
          </SelectField>
        </>
      }
    >
      <Card>
        <Numbers pair={[model, other]} days={spans.includes(days) ? days : 7} served={served} />
        <Signatures before={other} after={model} />
      </Card>
    </Section>
  )
}

function Numbers({
  pair: [one, two],
  days,
  served,
}: {
  pair: [Model, Model]
  days: number
  served: Served
}): ReactElement {
  // To the hour, so that it is asked once.
  const from = new Date(Math.floor(Date.now() / 3_600_000 - days * 24) * 3_600_000).toISOString()
  const queries = [useMetrics(one.id, from), useMetrics(two.id, from)]
  const error = queries.find(query => query.error)?.error
  const [first, second] = queries.map(({ data }) => data && sumMetrics(data))
  const rows: [string, (model: Model, sum: MetricSum | undefined) => string][] = [
    ['Calls', (_, sum) => (sum ? count(sum.calls) : '…')],
    [
      'Errors',
      (_, sum) =>
        sum ? (sum.calls === 0 ? '–' : `${count(sum.errors)} (${percent(sum.errors / sum.calls)})`) : '…',
    ],
    [
      'From the cache',
      (_, sum) => (sum ? (sum.calls === 0 ? '–' : percent(sum.cacheHits / sum.calls)) : '…'),
    ],
    ['Time in the model, median', (_, sum) => time(sum, sum?.p50Ms)],
    ['Time in the model, 95 of 100', (_, sum) => time(sum, sum?.p95Ms)],
    ['Load', model => time({}, served.get(model.id)?.load_ms)],
    ['Size', model => (model.file_size_bytes === null ? '–' : bytes(model.file_size_bytes))],
    ['Runs in', model => executorOf(model)?.place ?? '–'],
  ]
  return (
    <>
      {error && <ProblemNotice error={error} />}
      <table className="w-full max-w-2xl text-sm tabular">
        <thead>
          <tr className="border-b border-line text-left text-[13px] text-quiet">
            <th scope="col" className="py-1.5 pr-3 font-medium">
              <span className="sr-only">What</span>
            </th>
            {[one, two].map(({ id, version }) => (
              <th key={id} scope="col" className="py-1.5 pr-3 text-right font-medium">
                Version {version}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, cell]) => (
            <tr key={name} className="border-b border-line/60">
              <th scope="row" className="py-1.5 pr-3 text-left font-normal text-quiet">
                {name}
              </th>
              <td className="py-1.5 pr-3 text-right">{cell(one, first)}</td>
              <td className="py-1.5 pr-3 text-right">{cell(two, second)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {queries[0] && (
        <div className="mt-2">
          <CopyAsCurl call={queries[0].call} />
        </div>
      )}
    </>
  )
}

function time(sum: object | undefined, ms: number | null | undefined): string {
  if (sum === undefined) return '…'
  return ms == null ? '–' : duration(ms)
}

function useMetrics(id: string, from: string): ApiQuery<ModelMetrics> {
  const call = useMemo<ApiQuery<ModelMetrics>['call']>(
    () => (client, options) => client.models.metrics(id, { ...options, from, points: 1 }),
    [id, from],
  )
  return useApi(['models', id, 'sum', from], call)
}

function Signatures({ before, after }: { before: Model; after: Model }): ReactElement {
  const changes: [string, SpecChange[]][] = [
    ['Inputs', changedSpecs(before.input_schema, after.input_schema)],
    ['Outputs', changedSpecs(before.output_schema, after.output_schema)],
  ]
  const isSame = changes.every(([, list]) => list.length === 0)
  if (before.input_schema === null || after.input_schema === null)
    return (
      <p className="mt-4 text-sm text-quiet">
        What a version takes and gives is known when its file has been read.
      </p>
    )
  return (
    <div className="mt-4 text-sm">
      <h3 className="font-medium">Inputs and outputs</h3>
      {isSame ? (
        <p className="text-quiet">The same in both: whoever calls one can call the other.</p>
      ) : (
        <ul className="mt-1 grid gap-1">
          {changes.flatMap(([kind, list]) =>
            list.map(({ name, before: old, after: now }) => (
              <li key={`${kind}/${name}`} className="[overflow-wrap:anywhere]">
                {kind === 'Inputs' ? 'Input' : 'Output'} <code className="font-mono text-[13px]">{name}</code>
                :{' '}
                <span className="text-quiet">
                  {before.version} {old ?? 'has none'}, {after.version} {now ?? 'has none'}
                </span>
              </li>
            )),
          )}
        </ul>
      )}
    </div>
  )
}
