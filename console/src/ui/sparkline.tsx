import type { ReactElement } from 'react'
import type { Values } from './measured.ts'

const width = 100
const height = 28

/** The course of a number, without axes: beside the number itself, which says what it is. */
export function Sparkline({ values, className }: { values: Values; className?: string }): ReactElement {
  const most = Math.max(1e-9, ...values.map(value => value ?? 0))
  const x = (i: number) => (values.length < 2 ? 0 : (i / (values.length - 1)) * width)
  const y = (value: number) => height - 1.5 - (value / most) * (height - 3)
  let isDrawing = false
  const line = values
    .map((value, i) => {
      const move = isDrawing ? 'L' : 'M'
      isDrawing = value !== null
      // A value without neighbours is a dot: a line of no length with round ends.
      return value === null
        ? ''
        : `${move}${x(i).toFixed(2)},${y(value).toFixed(2)}${move === 'M' ? 'h0' : ''}`
    })
    .join('')
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={`h-7 w-full overflow-visible text-accent ${className ?? ''}`}
    >
      <path
        d={line}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}
