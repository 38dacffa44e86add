import type { Agent, Collection } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useIsAdmin, useMe } from '../../../app/me.ts'
import { useApi, useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { counted } from '../../../ui/format.ts'
import { Card } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { Notice } from '../../../ui/state.tsx'
import { DocumentDrop } from '../../collections/document-drop.tsx'
import { DocumentState } from '../../collections/document-state.tsx'
import { useUploads } from '../../collections/uploads.ts'

/** A collection that the agent searches, with its newest documents and a place for more. */
export function AttachedCollection({
  agent,
  index,
  named,
  collection,
}: {
  agent: Agent
  /** Of its tool, among all tools of the draft. */
  index: number
  /** As the tool names it. */
  named: string
  /** Undefined when it is not there, or not for this caller. */
  collection: Collection | undefined
}): ReactElement {
  const [isDetaching, setDetaching] = useState(false)
  const detach = useApiChange(
    (client, place: number) =>
      client.agents.update(agent.id, { tools: agent.tools.filter((_tool, at) => at !== place) }),
    ['agents'],
  )
  return (
    <Card>
      <section aria-label={collection?.name ?? named} className="grid gap-3">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <div className="min-w-0">
            <h3 className="text-sm font-semibold [overflow-wrap:anywhere]">
              {collection ? (
                <Link to="/collections/$id" params={{ id: collection.id }} className="hover:underline">
                  {collection.name}
                </Link>
              ) : (
                named
              )}
            </h3>
            {collection && (
              <p className="text-[13px] text-quiet">
                {counted(collection.documents, 'document')}, {counted(collection.chunks, 'passage')},{' '}
                {collection.embedding_model ?? 'by words only'}, {collection.visibility}
              </p>
            )}
          </div>
          <Button size="small" onClick={() => setDetaching(true)}>
            Detach
          </Button>
        </div>
        {collection ? (
          <Uploading collection={collection} />
        ) : (
          <Notice tone="warn">
            There is no such collection, or it is not yours. The tool tells the model so; detach it, or attach
            another.
          </Notice>
        )}
      </section>
      {isDetaching && (
        <ConfirmDialog
          title={`Detach ${collection?.name ?? named}?`}
          action="Detach"
          busy="Detaching…"
          onClose={() => setDetaching(false)}
          onConfirm={() => detach.mutateAsync(index)}
        >
          Its tool is taken out of the draft. The collection and its documents stay as they are.
        </ConfirmDialog>
      )}
    </Card>
  )
}

function Uploading({ collection }: { collection: Collection }): ReactElement {
  const uploads = useUploads(collection.id)
  const me = useMe()
  const isAdmin = useIsAdmin()
  const mayChange = isAdmin || (collection.owner_id !== null && collection.owner_id === me.id)
  const newest = useApi(['collections', collection.id, 'newest'], (client, options) =>
    client.knowledge.documents(collection.id, { ...options, limit: 5 }),
  )
  return (
    <>
      {mayChange ? (
        <DocumentDrop uploads={uploads} />
      ) : (
        <p className="text-[13px] text-quiet">
          It is another's: only its owner and administrators may add documents.
        </p>
      )}
      {newest.error && <ProblemNotice error={newest.error} retry={() => void newest.refetch()} />}
      {newest.data && newest.data.data.length > 0 && (
        <ul aria-label={`Newest documents of ${collection.name}`} className="divide-y divide-line">
          {newest.data.data.map(document => (
            <li
              key={document.id}
              className="grid grid-cols-[minmax(0,1fr)_minmax(6rem,auto)] items-start gap-3 py-1.5 text-sm"
            >
              <span className="truncate" title={document.name}>
                {document.name}
              </span>
              <DocumentState document={document} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
