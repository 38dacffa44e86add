import type { PredictionRecord } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CodeBlock, Identifier } from '../../ui/copy.tsx'
import { duration } from '../../ui/format.ts'
import { Facts } from '../../ui/page.tsx'
import { Notice, State } from '../../ui/state.tsx'
import { Moment } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { printTensors } from './print-tensors.ts'

/** One call: what went in, what came out, how long it took, and the request it came by. */
export function PredictionDetails({ record }: { record: PredictionRecord }): ReactElement {
  const { user_id: user, request_id: request } = record
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      {record.error !== null && <Notice tone="bad">{record.error}</Notice>}
      <Facts
        facts={[
          [
            'State',
            <State key="state" tone={record.status === 'ok' ? 'good' : 'bad'}>
              {record.status}
            </State>,
          ],
          ['When', <Moment key="when" at={record.created_at} />],
          ['Version', record.model_version],
          [
            'Time in the model',
            record.cached ? 'none, answered from the cache' : duration(record.inference_time_ms),
          ],
          ['By', user === null ? 'the service-role key, or no account' : <UserName key="by" id={user} />],
          ['Id', <Identifier key="id" value={record.id} label="id of the prediction" />],
          [
            'Request',
            request === '' ? (
              'not known'
            ) : (
              <Link
                key="request"
                to="/requests/$id"
                params={{ id: request }}
                className="font-mono text-[13px] underline underline-offset-2"
              >
                {request}
              </Link>
            ),
          ],
        ]}
      />
      <Values title="Inputs" values={record.input_data} />
      {record.status === 'ok' && <Values title="Outputs" values={record.output_data} />}
    </div>
  )
}

function Values({ title, values }: { title: string; values: PredictionRecord['input_data'] }): ReactElement {
  return (
    <section aria-label={title}>
      <h3 className="mb-1.5 text-sm font-semibold">{title}</h3>
      {values === null ? (
        <p className="text-sm text-quiet">
          Not kept: the history keeps up to 256 values, and up to 16 KiB of text.
        </p>
      ) : (
        <CodeBlock label={`${title} as JSON`} code={printTensors(values)} />
      )}
    </section>
  )
}
