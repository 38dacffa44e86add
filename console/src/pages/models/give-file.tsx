import type { UploadProgress } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { DropZone } from '../../ui/drop-zone.tsx'
import { percent } from '../../ui/format.ts'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Progress } from '../../ui/progress.tsx'

/** The file of a version that was created without one; then it is checked and loaded. */
export function GiveFile({ id }: { id: string }): ReactElement {
  const [progress, setProgress] = useState<UploadProgress>()
  const give = useApiChange(
    async (client, file: File) => {
      await client.models.upload(id, file, { onProgress: setProgress, timeoutMs: 310_000 })
      return client.models.validate(id, { timeoutMs: 310_000 })
    },
    ['models'],
  )
  if (give.isPending && progress)
    return (
      <div className="mt-2 grid max-w-md gap-1.5">
        <Progress label="Upload" done={progress.sentBytes} total={progress.totalBytes} />
        <p role="status" className="text-[13px] tabular">
          {progress.sentBytes < progress.totalBytes
            ? `${percent(progress.sentBytes / progress.totalBytes)} sent`
            : 'The server checks and loads it…'}
        </p>
      </div>
    )
  return (
    <div className="mt-2 grid gap-2">
      {give.error !== null && <ProblemNotice error={give.error} />}
      <DropZone
        label="Choose an ONNX file"
        accept=".onnx"
        onFiles={([file]) => {
          if (file) give.mutate(file)
        }}
      />
    </div>
  )
}
