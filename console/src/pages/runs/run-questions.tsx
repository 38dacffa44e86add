import type { RunQuestion } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Ago } from '../../ui/time.tsx'
import { inLines } from './span-payload.ts'

/** What a run waits for: a person's word on a tool. */
export function RunQuestions({
  runId,
  questions,
}: {
  runId: string
  questions: readonly RunQuestion[]
}): ReactElement {
  return (
    <>
      {questions.map(question => (
        <Question key={question.approval_id} runId={runId} question={question} />
      ))}
    </>
  )
}

function Question({ runId, question }: { runId: string; question: RunQuestion }): ReactElement {
  const [note, setNote] = useState('')
  const answer = useApiChange(
    (client, approved: boolean) =>
      client.runs.answer(runId, question.approval_id, { approved, note: note.trim() || null }),
    ['runs'],
  )
  const busy = answer.isPending || answer.isSuccess ? 'Answering…' : false
  return (
    <section
      aria-label={`Question about ${question.name}`}
      className="mb-4 grid gap-3 rounded-xl border border-warn/50 bg-warn-wash p-4"
    >
      <div>
        <h2 className="text-[15px] font-semibold">May it use {question.name}?</h2>
        <p className="text-[13px] text-quiet">
          {question.reason === 'interrupted'
            ? 'The process that called it was lost, and nobody knows whether it was done. Allow to do it again.'
            : 'This agent asks a person each time.'}{' '}
          It is denied <Ago at={question.expires_at} /> without an answer.
        </p>
      </div>
      <CodeBlock label="Arguments" code={inLines(question.arguments)} className="bg-raised" />
      <TextField
        label="A word to the model"
        hint="Optional. The model is told it with your answer."
        value={note}
        onChange={event => setNote(event.target.value)}
        maxLength={2000}
      />
      {answer.error && <ProblemNotice error={answer.error} />}
      <div className="flex gap-2">
        <Button look="primary" busy={busy} onClick={() => answer.mutate(true)}>
          Allow
        </Button>
        <Button busy={busy} onClick={() => answer.mutate(false)}>
          Deny
        </Button>
      </div>
    </section>
  )
}
