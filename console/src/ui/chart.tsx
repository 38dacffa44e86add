import { type ReactElement, useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { onColoursChange } from '../app/theme.ts'
import { binarySteps, lonely, timeLabels } from './chart-axis.ts'
import { tooltip } from './chart-tooltip.ts'

/** `values` has as many as `at`; null where nothing was measured. */
export type Series = { label: string; values: readonly (number | null)[] }

export type ChartProps = {
  /** One line that says what is seen, for those who do not see it. */
  summary: string
  /** Milliseconds since 1970. */
  at: readonly number[]
  series: readonly Series[]
  /** With its unit. */
  format: (value: number) => string
  height?: number
  /** The same cursor on all charts of a group. */
  group?: string
  /** Told of the time that was chosen by dragging, in milliseconds since 1970. */
  onRange?: (from: number, to: number) => void
  look?: 'line' | 'area' | 'bars'
  /** Bytes: the steps of the axis are round in them. */
  binary?: boolean
}

/** A chart over time, in the reader's zone. Import it by `lazy`. */
export default function Chart(props: ChartProps): ReactElement {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const latest = useRef(props)
  latest.current = props
  const { at, series, height = 180, group, look = 'line', summary } = props
  const shape = series.map(one => one.label).join('\n')

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew when its form changes; its data are handed in below
  useEffect(() => {
    const element = place.current
    if (!element) return
    const make = () => {
      plot.current?.destroy()
      plot.current = new uPlot(
        optionsOf(latest, element, { height, group, look }),
        dataOf(latest.current),
        element,
      )
    }
    make()
    const size = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    size.observe(element)
    const stop = onColoursChange(make)
    return () => {
      stop()
      size.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape, height, group, look])
  // biome-ignore lint/correctness/useExhaustiveDependencies: only these are drawn
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current))
  }, [at, series])
  return (
    <div>
      <div ref={place} role="img" aria-label={summary} className="relative w-full" />
      {series.length > 1 && <Legend series={series} />}
    </div>
  )
}

function Legend({ series }: Pick<ChartProps, 'series'>): ReactElement {
  return (
    <ul aria-hidden="true" className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-quiet">
      {series.map(({ label }, index) => (
        <li key={label} className="flex items-center gap-1.5">
          <span className="size-2 rounded-full" style={{ background: `var(--series-${(index % 6) + 1})` }} />
          {label}
        </li>
      ))}
    </ul>
  )
}

function dataOf({ at, series }: ChartProps): uPlot.AlignedData {
  return [at.map(time => time / 1000), ...series.map(one => [...one.values])]
}

function optionsOf(
  latest: { readonly current: ChartProps },
  element: HTMLElement,
  {
    height,
    group,
    look,
  }: { height: number; group: string | undefined; look: NonNullable<ChartProps['look']> },
): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string) => resolved(element, style.getPropertyValue(name))
  const bars = uPlot.paths.bars?.({ size: [0.7, 40] })
  const axis = {
    stroke: colour('--quiet'),
    font: '12px "Inter Variable", sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    plugins: [tooltip(() => latest.current.format)],
    cursor: {
      y: false,
      ...(group !== undefined && { sync: { key: group } }),
      drag: { x: latest.current.onRange !== undefined, y: false, setScale: false },
    },
    hooks: {
      setSelect: [
        chart => {
          if (chart.select.width < 4) return
          const from = chart.posToVal(chart.select.left, 'x') * 1000
          const to = chart.posToVal(chart.select.left + chart.select.width, 'x') * 1000
          latest.current.onRange?.(from, to)
        },
      ],
    },
    axes: [
      { ...axis, size: 32, values: (_chart, splits, _axis, _space, step) => timeLabels(splits, step) },
      {
        ...axis,
        size: 64,
        values: (_chart, values) => values.map(value => latest.current.format(value)),
        ...(latest.current.binary && { incrs: [...binarySteps] }),
      },
    ],
    scales: { y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    series: [
      {},
      ...latest.current.series.map(({ label }, index) => {
        const stroke = colour(`--series-${(index % 6) + 1}`)
        return {
          label,
          stroke,
          width: 1.75,
          points: {
            show: true,
            size: 5,
            fill: stroke,
            filter: () => lonely(latest.current.series[index]?.values ?? []),
          },
          ...(look !== 'line' && { fill: `color-mix(in srgb, ${stroke} 18%, transparent)` }),
          ...(look === 'bars' && bars && { paths: bars }),
        }
      }),
    ],
  }
}

/** A canvas knows no `light-dark()`: the browser says what it comes to here. */
function resolved(element: HTMLElement, colour: string): string {
  const probe = document.createElement('span')
  probe.style.color = colour
  element.append(probe)
  const answer = getComputedStyle(probe).color
  probe.remove()
  return answer
}
