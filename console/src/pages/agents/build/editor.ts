import type { Agent, AgentVersion } from '@roundhouse/sdk'
import { createContext, useContext } from 'react'
import type { Draft, DraftField } from './draft.ts'
import type { Fault } from './faults.ts'

/** What the parts of the builder work on. */
export type Editor = {
  /** As it is stored. */
  agent: Agent
  draft: Draft
  /** Of the version that answers now; undefined while nothing is published, or not known yet. */
  live: AgentVersion | undefined
  /** What the server found wrong when it was last saved. */
  fault: Fault | undefined
  set<Field extends DraftField>(field: Field, value: Draft[Field]): void
  /** All of it at once, by the JSON view. */
  replace(draft: Draft): void
}

export const EditorContext = createContext<Editor | undefined>(undefined)

export function useEditor(): Editor {
  const editor = useContext(EditorContext)
  if (!editor) throw new Error('useEditor is used outside of the builder.')
  return editor
}
