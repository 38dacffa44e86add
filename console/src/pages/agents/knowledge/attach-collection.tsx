import type { Agent, Collection } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { SelectField, TextField } from '../../../ui/field.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { attachedTools, collectionNamed } from './attached.ts'

const fresh = 'new'

/** A collection that there is, or a new one, becomes a tool of the draft. */
export function AttachCollection({
  agent,
  collections,
}: {
  agent: Agent
  collections: readonly Collection[]
}): ReactElement {
  const attached = attachedTools(agent).map(({ tool }) => collectionNamed(collections, tool.collection)?.id)
  const left = collections.filter(collection => !attached.includes(collection.id))
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState('')
  const [name, setName] = useState('')
  const choice = chosen || left[0]?.id || fresh
  const attach = useApiChange(
    async (client, of: string) => {
      const collection = of === fresh ? (await client.knowledge.create({ name: name.trim() })).id : of
      return client.agents.update(agent.id, { tools: [...agent.tools, { type: 'knowledge', collection }] })
    },
    ['agents', 'collections'],
  )
  return (
    <>
      <Button look="primary" size="small" onClick={() => setOpen(true)}>
        Attach a collection
      </Button>
      {isOpen && (
        <Dialog title={`Attach a collection to ${agent.name}`} onClose={() => setOpen(false)}>
          <form
            className="grid gap-4"
            onSubmit={event => {
              event.preventDefault()
              attach.mutate(choice, {
                onSuccess: () => {
                  setOpen(false)
                  setChosen('')
                  setName('')
                },
              })
            }}
          >
            <SelectField label="Collection" value={choice} onChange={event => setChosen(event.target.value)}>
              {left.map(collection => (
                <option key={collection.id} value={collection.id}>
                  {collection.name}
                </option>
              ))}
              <option value={fresh}>A new one…</option>
            </SelectField>
            {choice === fresh && (
              <TextField
                label="Name of the new collection"
                value={name}
                onChange={event => setName(event.target.value)}
                required
                hint="Private, and found by words until it is given an embedding model in its settings."
              />
            )}
            {attach.error && <ProblemNotice error={attach.error} />}
            <div className="flex justify-end gap-2">
              <Button onClick={() => setOpen(false)}>Cancel</Button>
              <Button look="primary" type="submit" busy={attach.isPending && 'Attaching…'}>
                Attach
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  )
}
