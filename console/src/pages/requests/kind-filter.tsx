import type { StoryKind } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { looks } from './story-looks.ts'
import type { StoryRow } from './story-tree.ts'

/** Which kinds there are, how many of each, and a press to see one kind alone. */
export function KindFilter({
  rows,
  only,
  onChange,
}: {
  rows: readonly StoryRow[]
  only: StoryKind | undefined
  onChange(kind: StoryKind | undefined): void
}): ReactElement {
  const counts = Map.groupBy(rows, ({ entry }) => entry.kind)
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">Kinds of entries</legend>
      {[...counts].map(([kind, { length }]) => {
        const { icon: Icon, one, many } = looks[kind]
        return (
          <button
            key={kind}
            type="button"
            aria-pressed={kind === only}
            onClick={() => onChange(kind === only ? undefined : kind)}
            className={classes(
              'inline-flex items-center gap-1.5 rounded-full border px-2.5 py-0.5 text-[13px]',
              kind === only
                ? 'border-accent bg-wash text-ink'
                : 'border-line text-quiet hover:border-edge hover:text-ink',
            )}
          >
            <Icon aria-hidden="true" className="size-3.5" />
            {length === 1 ? one : many}
            <span className="tabular">{length}</span>
          </button>
        )
      })}
    </fieldset>
  )
}
