import type { ReactElement } from 'react'
import { Dialog } from '../../ui/dialog.tsx'

const examples: readonly (readonly [term: string, finds: string])[] = [
  ['timeout', 'a word anywhere in the line, whatever its case'],
  ['"timed out"', 'several words as they stand'],
  ['level:warn,error', 'any of these levels; a comma means any for every key'],
  ['status:5xx', 'answers of 500 and above; status:404 and status:>=400 too'],
  ['duration:>250ms', 'what took longer; in ms, s or m'],
  ['path:/api/v1/models', 'this path and those below it'],
  ['method:POST', 'by the method'],
  ['event:run-*', 'events by name; * stands for anything'],
  ['user:ada@example.com', 'who called, by e-mail address or id; user:none for nobody'],
  ['model:digits', 'lines about a model, in every version'],
  ['request:my-request-id', 'one request'],
  ['job_id:7f3c', 'any other field of a line by its name'],
  ['-path:/health', 'all but these; a hyphen turns every condition round'],
]

/** The query language by example; an example is taken over at a press. */
export function QueryHelp({
  onTake,
  onClose,
}: {
  onTake(term: string): void
  onClose(): void
}): ReactElement {
  return (
    <Dialog title="What can be asked" onClose={onClose} wide>
      <p className="mb-3 text-sm text-quiet">Conditions stand side by side, and all of them have to hold.</p>
      <ul className="grid gap-x-6 gap-y-1 text-sm">
        {examples.map(([term, finds]) => (
          <li key={term} className="grid items-baseline gap-x-4 sm:grid-cols-[15rem_minmax(0,1fr)]">
            <button
              type="button"
              onClick={() => onTake(term)}
              className="justify-self-start rounded bg-sunken px-1.5 py-0.5 font-mono text-[13px] hover:bg-wash"
            >
              {term}
            </button>
            <span className="text-quiet">{finds}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
