import type { FileInfo } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { CodeBlock } from '../../ui/copy.tsx'
import { bytes } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { useObjectUrl } from '../../ui/use-object-url.ts'
import { lastPart, previewOf } from './places.ts'

const shownTextBytes = 64 * 1024

/** What is in a file, where a browser shows it and nothing of it can run. */
export function ObjectPreview({ bucket, info }: { bucket: string; info: FileInfo }): ReactElement {
  const kind = previewOf(info.content_type, info.size)
  if (kind === 'none')
    return (
      <p className="rounded-lg bg-sunken px-3.5 py-3 text-sm text-quiet">
        Files of this type or size are not shown here.
      </p>
    )
  return kind === 'text' ? (
    <Text bucket={bucket} info={info} />
  ) : (
    <Bytes bucket={bucket} info={info} kind={kind} />
  )
}

function Text({ bucket, info }: { bucket: string; info: FileInfo }): ReactElement {
  const text = useApi(['files', bucket, info.name, info.etag, 'text'], async (client, options) => {
    if (info.size === 0) return ''
    const range = { start: 0, end: shownTextBytes - 1 }
    return (await client.files.from(bucket).download(info.name, { ...options, range })).text()
  })
  if (text.error) return <ProblemNotice error={text.error} retry={() => void text.refetch()} />
  if (text.isPending) return <Waiting what="the text" />
  return (
    <div>
      <CodeBlock label={`Text of ${lastPart(info.name)}`} code={text.data} />
      {info.size > shownTextBytes && (
        <p className="mt-1 text-[13px] text-quiet">
          The first {bytes(shownTextBytes)} of {bytes(info.size)}.
        </p>
      )}
    </div>
  )
}

function Bytes({
  bucket,
  info,
  kind,
}: {
  bucket: string
  info: FileInfo
  kind: 'image' | 'pdf'
}): ReactElement {
  const blob = useApi(['files', bucket, info.name, info.etag, 'bytes'], async (client, options) => {
    const found = await client.files.from(bucket).download(info.name, options)
    // Of this origin: only what cannot run here, whatever the store says it is.
    return new Blob([found], { type: kind === 'pdf' ? 'application/pdf' : found.type })
  })
  const url = useObjectUrl(blob.data)
  if (blob.error) return <ProblemNotice error={blob.error} retry={() => void blob.refetch()} />
  if (url === undefined) return <Waiting what="the preview" />
  if (kind === 'pdf')
    return (
      <iframe
        src={url}
        title={`Preview of ${lastPart(info.name)}`}
        className="h-[60dvh] w-full rounded-lg border border-line"
      />
    )
  return (
    <img
      src={url}
      alt={`Preview of ${lastPart(info.name)}`}
      className="max-h-[50dvh] max-w-full justify-self-center rounded-lg border border-line bg-sunken object-contain"
    />
  )
}
