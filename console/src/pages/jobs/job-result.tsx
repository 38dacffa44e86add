import type { BatchResult, Job } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import type { ReactElement } from 'react'
import { ownAddress } from '../../app/own-address.ts'
import { useApi } from '../../app/use-api.ts'
import { buttonLook } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { count, counted, duration } from '../../ui/format.ts'
import { Card, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago } from '../../ui/time.tsx'

/** What a job gave; of the kinds whose result lies elsewhere, where that is. */
export function JobResult({ job }: { job: Job }): ReactElement | null {
  if (job.kind === 'model') return <Predicted id={job.id} />
  if (job.kind === 'batch') return <Files id={job.id} />
  if (job.kind === 'task')
    return (
      <Section title="Result">
        <p className="text-sm text-quiet">
          Rows and errors of tasks are in the history of their{' '}
          <Link to="/schedules" className="text-accent underline underline-offset-2">
            schedule
          </Link>
          .
        </p>
      </Section>
    )
  return null
}

function Predicted({ id }: { id: string }): ReactElement {
  const result = useApi(['jobs', id, 'result'], (client, options) =>
    client.jobs.result(id, options).then(one => one ?? null),
  )
  if (result.error) return <ProblemNotice error={result.error} retry={() => void result.refetch()} />
  if (!result.data) return <Waiting what="the result" />
  const { output_data: outputs, inference_time_ms: tookMs, cached } = result.data
  return (
    <Section title="Result" about={cached ? 'From the cache.' : `The model took ${duration(tookMs)}.`}>
      <CodeBlock label="Outputs as JSON" code={JSON.stringify(outputs, null, 2)} />
    </Section>
  )
}

function Files({ id }: { id: string }): ReactElement {
  const result = useApi(['jobs', id, 'result'], (client, options) =>
    client.jobs.batchResult(id, options).then(one => one ?? null),
  )
  if (result.error) return <ProblemNotice error={result.error} retry={() => void result.refetch()} />
  if (!result.data) return <Waiting what="the result" />
  const { rows, failed_rows: failed, file, errors_file: errors } = result.data
  return (
    <Section
      title="Result"
      about={
        failed === 0
          ? `${counted(rows, 'row')}, none of them bad.`
          : `${counted(rows, 'row')}, ${count(failed)} of them bad and empty.`
      }
    >
      <Card className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <div className="flex flex-wrap items-center gap-3">
          <LinkTo file={file} label="Download the result" look="primary" />
          {errors && <LinkTo file={errors} label="Download the bad rows" look="plain" />}
          <span className="text-[13px] text-quiet">
            The link ends <Ago at={file.expires_at} />; this page makes a new one each time.
          </span>
        </div>
        <p className="text-[13px] text-quiet">
          In the bucket{' '}
          <Link to="/files/$bucket" params={{ bucket: file.bucket }} className="underline underline-offset-2">
            {file.bucket}
          </Link>{' '}
          as <code className="font-mono [overflow-wrap:anywhere]">{file.name}</code>
        </p>
        <Beginning file={file} />
      </Card>
    </Section>
  )
}

function LinkTo({
  file,
  label,
  look,
}: {
  file: BatchResult['file']
  label: string
  look: 'primary' | 'plain'
}): ReactElement {
  return (
    <a href={ownAddress(file.url)} download={file.name.split('/').at(-1)} className={buttonLook(look)}>
      <Download aria-hidden="true" className="size-4" />
      {label}
    </a>
  )
}

const shownBytes = 2000
const shownLines = 6

/** The first lines, so that one sees what it is before 40 MB of it. */
function Beginning({ file }: { file: BatchResult['file'] }): ReactElement | null {
  const beginning = useApi(['files', file.bucket, file.name, 'beginning'], async (client, options) => {
    const blob = await client.files
      .from(file.bucket)
      .download(file.name, { ...options, range: { start: 0, end: shownBytes } })
    const lines = (await blob.text()).split('\n')
    return (blob.size > shownBytes ? lines.slice(0, -1) : lines).slice(0, shownLines).join('\n')
  })
  if (!beginning.data) return null
  return <CodeBlock label="First lines of the result" code={beginning.data} />
}
