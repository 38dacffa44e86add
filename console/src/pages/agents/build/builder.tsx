import type { Agent } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { type ReactElement, useEffect, useMemo, useRef } from 'react'
import { Button } from '../../../ui/button.tsx'
import { LeaveDialog } from '../../../ui/leave-dialog.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { Notice } from '../../../ui/state.tsx'
import { toast } from '../../../ui/toast.ts'
import { useLiveVersion } from '../live-version.ts'
import { AboutPart } from './about-part.tsx'
import { BackendPart } from './backend-part.tsx'
import { ChangesPart } from './changes-part.tsx'
import { EditorContext } from './editor.ts'
import { faultOf } from './faults.ts'
import { GuardrailsPart } from './guardrails-part.tsx'
import { JsonPart } from './json-part.tsx'
import { LimitsPart } from './limits-part.tsx'
import { MemoryPart } from './memory-part.tsx'
import { ModelPart } from './model-part.tsx'
import { OutputPart } from './output-part.tsx'
import { PartList } from './part-list.tsx'
import { type PartName, partOf, partWith } from './parts.ts'
import { PromptPart } from './prompt-part.tsx'
import { SaveBar } from './save-bar.tsx'
import { ToolsPart } from './tools-part.tsx'
import { useDraft } from './use-draft.ts'

const views: Record<PartName, () => ReactElement> = {
  model: ModelPart,
  prompt: PromptPart,
  tools: ToolsPart,
  guardrails: GuardrailsPart,
  memory: MemoryPart,
  output: OutputPart,
  limits: LimitsPart,
  backend: BackendPart,
  about: AboutPart,
  changes: ChangesPart,
  json: JsonPart,
}

/** The draft of an agent, part by part. */
export function Builder({ agent, part }: { agent: Agent; part: string | undefined }): ReactElement {
  const navigate = useNavigate()
  const state = useDraft(agent)
  const live = useLiveVersion(agent).data ?? undefined
  const current = partOf(part)
  const View = views[current.name]
  const { draft, fault, set, replace } = state
  // biome-ignore lint/correctness/useExhaustiveDependencies: set and replace do the same each time
  const editor = useMemo(() => ({ agent, draft, live, fault, set, replace }), [agent, draft, live, fault])

  async function save(): Promise<void> {
    try {
      if (await state.save()) void toast('The draft is saved.')
    } catch (failure) {
      // Said below, and at its field, which is shown.
      const wrong = partWith(faultOf(failure)?.path[0])
      if (wrong && wrong !== current && current.name !== 'json')
        await navigate({
          to: '/agents/$id/build',
          params: { id: agent.id },
          search: { part: wrong.name },
          replace: true,
        })
    }
  }
  const latest = useRef(save)
  latest.current = save
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      void latest.current()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])

  return (
    <EditorContext value={editor}>
      <SaveBar agent={agent} state={state} onSave={() => void save()} />
      {state.isBehind && (
        <div className="mb-5">
          <Notice tone="warn">
            The draft was changed elsewhere meanwhile. What you save replaces only the fields that you
            changed.{' '}
            <Button size="small" onClick={state.revert}>
              Take theirs instead
            </Button>
          </Notice>
        </div>
      )}
      {state.error && (
        <div className="mb-5">
          <ProblemNotice error={state.error} />
        </div>
      )}
      <div className="lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)] lg:gap-8">
        <PartList current={current} unsaved={state.unsaved} />
        <div className="min-w-0">
          <View key={state.revision} />
        </div>
      </div>
      <LeaveDialog isUnsaved={state.unsaved.length > 0} save={state.save}>
        The draft has changes that are not saved. They are lost when you leave.
      </LeaveDialog>
    </EditorContext>
  )
}
