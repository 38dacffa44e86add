import { CircleHelp } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { classes } from '../../ui/class-names.ts'
import { QueryField } from './query-field.tsx'
import { QueryHelp } from './query-help.tsx'
import { hasTerm, toggled } from './query-terms.ts'

const quick = [
  ['Warnings and errors', 'level:warn,error'],
  ['5xx', 'status:5xx'],
  ['4xx', 'status:4xx'],
  ['Over 1 s', 'duration:>1s'],
  ['Without requests', '-event:request-end'],
] as const

/** The query in the server's own language, and what is asked most often at a press. */
export function QueryBar({
  q,
  fault,
  onChange,
}: {
  q: string
  /** What the server does not understand of it. */
  fault: string | undefined
  onChange(q: string): void
}): ReactElement {
  const [isHelpOpen, setHelpOpen] = useState(false)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <div className="flex items-start gap-1">
        <QueryField q={q} fault={fault} onChange={onChange} />
        <IconButton label="What can be asked" onClick={() => setHelpOpen(true)} className="mt-0.5">
          <CircleHelp className="size-4.5" />
        </IconButton>
      </div>
      <fieldset className="flex min-w-0 gap-1.5 overflow-x-auto py-0.5 [scrollbar-width:none]">
        <legend className="sr-only">Quick filters</legend>
        {quick.map(([label, term]) => (
          <button
            key={term}
            type="button"
            aria-pressed={hasTerm(q, term)}
            title={term}
            onClick={() => onChange(toggled(q, term))}
            className={classes(
              'shrink-0 rounded-full border px-2.5 py-0.5 text-[13px] whitespace-nowrap',
              hasTerm(q, term)
                ? 'border-accent bg-wash text-ink'
                : 'border-line text-quiet hover:border-edge hover:text-ink',
            )}
          >
            {label}
          </button>
        ))}
      </fieldset>
      {isHelpOpen && (
        <QueryHelp
          onClose={() => setHelpOpen(false)}
          onTake={term => {
            onChange(`${q} ${term}`.trim())
            setHelpOpen(false)
          }}
        />
      )}
    </div>
  )
}
