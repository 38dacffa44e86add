import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'

/** What a model is, and the two ways to the first one. */
export function NoModels({ onFile }: { onFile: (file: File) => void }): ReactElement {
  const navigate = useNavigate()
  const load = useApiChange(
    async client => {
      const { sampleFile } = await import('./sample.ts')
      return client.models.push(sampleFile(), {
        name: 'digits',
        description: 'Reads a handwritten digit from 8 x 8 pixels.',
      })
    },
    ['models'],
  )
  return (
    <DropZone
      label="Choose an ONNX file"
      accept=".onnx"
      onFiles={([file]) => {
        if (file) onFile(file)
      }}
    >
      <h2 className="mt-2 text-base font-semibold text-ink">No model yet</h2>
      <p className="max-w-[55ch]">
        A model is an ONNX file. It is checked and loaded when it is here, and then answers calls by the API,
        from the playground, and on a page of its own.
      </p>
      <Button
        busy={load.isPending && 'Loading the sample…'}
        onClick={() =>
          load.mutate(undefined, {
            onSuccess: model => void navigate({ to: '/models/$id', params: { id: model.id } }),
          })
        }
      >
        Load the sample
      </Button>
      <p className="text-[13px]">A small network that reads handwritten digits.</p>
      {load.error !== null && <ProblemNotice error={load.error} />}
    </DropZone>
  )
}
