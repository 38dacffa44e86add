import { type ReactElement, useEffect, useState } from 'react'

/** A file that is dropped anywhere on the page; while one is over it, the page says so. */
export function PageDrop({
  onFile,
  isOff,
}: {
  onFile: (file: File) => void
  isOff: boolean
}): ReactElement | null {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    if (isOff) return
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      // Out of the window; between two elements of it there is another one.
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => {
      setOver(false)
      // A drop zone has taken it.
      if (event.defaultPrevented) return
      event.preventDefault()
      const file = event.dataTransfer?.files[0]
      if (file) onFile(file)
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [onFile, isOff])
  if (!isOver) return null
  return (
    <div className="pointer-events-none fixed inset-3 z-50 flex items-center justify-center rounded-xl border-2 border-dashed border-accent bg-wash/90">
      <p className="text-lg font-semibold">Drop the ONNX file to upload it</p>
    </div>
  )
}
