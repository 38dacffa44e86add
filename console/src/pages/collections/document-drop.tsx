import type { ReactElement } from 'react'
import { DropZone } from '../../ui/drop-zone.tsx'
import { UploadList } from './upload-list.tsx'
import type { Uploads } from './uploads.ts'

/** A place for the documents of a collection, with how far they are. */
export function DocumentDrop({ uploads }: { uploads: Uploads }): ReactElement {
  return (
    <div className="grid gap-3">
      <DropZone
        label="Choose documents"
        multiple
        accept=".txt,.md,.markdown,.html,.htm,.pdf,.csv,.docx,text/*,application/pdf"
        onFiles={files => uploads.add(files)}
      >
        <p>Text, Markdown, HTML, PDF, CSV or DOCX, each at most 25 MB.</p>
      </DropZone>
      <UploadList uploads={uploads} />
    </div>
  )
}
