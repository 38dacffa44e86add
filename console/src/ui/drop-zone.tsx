import { Upload } from 'lucide-react'
import { type DragEvent, type ReactElement, type ReactNode, useRef, useState } from 'react'
import { classes } from './class-names.ts'

/** A place for files: drop them, or choose them by mouse or keyboard. */
export function DropZone({
  label,
  accept,
  multiple = false,
  onFiles,
  children,
}: {
  /** What the button says: `Choose an ONNX file`. */
  label: string
  accept?: string
  multiple?: boolean
  onFiles: (files: File[]) => void
  children?: ReactNode
}): ReactElement {
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const files = [...event.dataTransfer.files]
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1))
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same by keyboard
    <div
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={classes(
        'flex flex-col items-center gap-2 rounded-xl border border-dashed px-6 py-8 text-center text-sm text-quiet transition-colors',
        isOver ? 'border-accent bg-wash' : 'border-edge/60',
      )}
    >
      <Upload aria-hidden="true" className="size-5" />
      <div>
        Drop here or{' '}
        <button
          type="button"
          className="font-medium text-accent underline underline-offset-2"
          onClick={() => input.current?.click()}
        >
          {label.charAt(0).toLowerCase() + label.slice(1)}
        </button>
      </div>
      {children}
      <input
        ref={input}
        type="file"
        aria-label={label}
        tabIndex={-1}
        className="sr-only"
        accept={accept}
        multiple={multiple}
        onChange={event => {
          const files = [...(event.target.files ?? [])]
          event.target.value = ''
          if (files.length > 0) onFiles(files)
        }}
      />
    </div>
  )
}
