import type { Agent, UpdateAgent } from '@roundhouse/sdk'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { changedFields, changeOf, type Draft, type DraftField, draftOf, isSame } from './draft.ts'
import { type Fault, faultOf } from './faults.ts'

export type DraftState = {
  draft: Draft
  /** Fields that are not stored as they are here. */
  unsaved: DraftField[]
  /** What saving sends. */
  change: UpdateAgent
  fault: Fault | undefined
  error: Error | null
  isSaving: boolean
  /** Grows each time that something else takes the place of what was edited. */
  revision: number
  /** The stored draft was changed elsewhere while there are changes here. */
  isBehind: boolean
  set<Field extends DraftField>(field: Field, value: Draft[Field]): void
  replace(draft: Draft): void
  /** Back to what is stored. */
  revert(): void
  /** @throws What the server refuses. */
  save(): Promise<Agent | undefined>
}

/** The draft of an agent while it is edited. What others store meanwhile is taken over as long as nothing is changed here. */
export function useDraft(agent: Agent): DraftState {
  const stored = useMemo(() => draftOf(agent), [agent])
  const [base, setBase] = useState(stored)
  const [draft, setDraft] = useState(stored)
  const [fault, setFault] = useState<Fault>()
  const [revision, setRevision] = useState(0)
  const unsaved = useMemo(() => changedFields(base, draft), [base, draft])
  const change = useMemo(() => changeOf(base, draft), [base, draft])
  const update = useApiChange(
    (client, fields: UpdateAgent) => client.agents.update(agent.id, fields),
    ['agents'],
  )
  const begin = useCallback((next: Draft) => {
    setBase(next)
    setDraft(next)
    setFault(undefined)
  }, [])
  const beginAnew = useCallback(
    (next: Draft) => {
      begin(next)
      setRevision(before => before + 1)
    },
    [begin],
  )
  const isBehind = !isSame(stored, base)
  const isUnsaved = unsaved.length > 0
  useEffect(() => {
    if (isBehind && !isUnsaved) beginAnew(stored)
  }, [isBehind, isUnsaved, stored, beginAnew])

  return {
    draft,
    unsaved,
    change,
    fault,
    revision,
    error: update.error,
    isSaving: update.isPending,
    isBehind: isBehind && isUnsaved && !update.isPending,
    set(field, value) {
      setDraft(before => ({ ...before, [field]: value }))
      setFault(before => (before?.path[0] === field ? undefined : before))
    },
    replace(next) {
      setDraft(next)
      setFault(undefined)
    },
    revert() {
      update.reset()
      beginAnew(stored)
    },
    async save() {
      if (!isUnsaved) return undefined
      try {
        const saved = await update.mutateAsync(change)
        begin(draftOf(saved))
        return saved
      } catch (failure) {
        setFault(faultOf(failure))
        throw failure
      }
    },
  }
}
