import type { LogLevel } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { classes } from '../../ui/class-names.ts'
import { levels } from './log-words.ts'

/** A level by its picture and its word, in its colour. */
export function LevelMark({ level }: { level: LogLevel }): ReactElement {
  const { icon: Icon, colour } = levels[level]
  return (
    <span className={classes('inline-flex items-center gap-1', colour)}>
      <Icon aria-hidden="true" className="size-3.5 shrink-0" />
      {level}
    </span>
  )
}
