import { X } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button } from './button.tsx'
import { classes } from './class-names.ts'
import { localRange } from './relative-time.ts'
import { type TimeWindow, type WindowSearch, windows } from './time-window.ts'

/** Chooses how far back is shown; what was dragged on a chart can be left again. */
export function TimeWindowPicker({
  window,
  onChange,
}: {
  window: TimeWindow
  onChange: (search: WindowSearch) => void
}): ReactElement {
  const chosen = window.kind === 'last' ? window.name : ''
  return (
    <div className="flex flex-wrap items-center gap-2">
      {window.kind === 'between' && (
        <Button size="small" icon={<X className="size-3.5" />} onClick={() => onChange({})}>
          <span className="tabular">{localRange(window.from, window.to)}</span>
        </Button>
      )}
      <fieldset className="flex rounded-md border border-line bg-raised p-0.5">
        <legend className="sr-only">Time shown</legend>
        {windows.map(({ name, label }) => (
          <label
            key={name}
            className={classes(
              'rounded px-2 py-1 text-[13px] font-medium whitespace-nowrap has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent sm:px-2.5',
              name === chosen ? 'bg-sunken text-ink' : 'text-quiet hover:text-ink',
            )}
          >
            <input
              type="radio"
              name="time-window"
              className="sr-only"
              checked={name === chosen}
              onChange={() => onChange({ window: name })}
            />
            <span aria-hidden="true" className="sm:hidden">
              {name}
            </span>
            <span className="sr-only sm:not-sr-only">{label}</span>
          </label>
        ))}
      </fieldset>
    </div>
  )
}
