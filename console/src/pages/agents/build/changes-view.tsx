import type { ReactElement } from 'react'
import { classes } from '../../../ui/class-names.ts'
import type { FieldChange, Line } from './compare.ts'

const looks: Record<Line['sign'], { mark: string; said: string; look: string }> = {
  same: { mark: ' ', said: '', look: 'text-quiet' },
  added: { mark: '+', said: 'added: ', look: 'bg-good-wash text-ink' },
  removed: { mark: '−', said: 'removed: ', look: 'bg-bad-wash text-ink' },
  skip: { mark: '⋯', said: '', look: 'text-quiet italic' },
}

/** What is different, field by field: what goes out with a minus, what comes in with a plus. */
export function ChangesView({ changes }: { changes: readonly FieldChange[] }): ReactElement {
  return (
    <div className="grid gap-4">
      {changes.map(change => (
        <section
          key={change.field}
          aria-label={change.title}
          className="overflow-hidden rounded-xl border border-line bg-raised"
        >
          <h3 className="border-b border-line bg-sunken/60 px-4 py-2 text-[13px] font-semibold">
            {change.title}
          </h3>
          <div className="py-1.5 font-mono text-[13px] leading-relaxed">
            {change.lines.map((line, index) => {
              const { mark, said, look } = looks[line.sign]
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines may be alike, and their order is what they are
                <div key={index} className={classes('grid grid-cols-[2rem_minmax(0,1fr)] px-2', look)}>
                  <span aria-hidden="true" className="text-center select-none">
                    {mark}
                  </span>
                  <span className="whitespace-pre-wrap [overflow-wrap:anywhere]">
                    {said !== '' && <span className="sr-only">{said}</span>}
                    {line.text || ' '}
                  </span>
                </div>
              )
            })}
          </div>
        </section>
      ))}
    </div>
  )
}
