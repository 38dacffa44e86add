import { svg } from './svg.ts'
import { shown } from './values.ts'

const width = 440
const height = 190
const around = { right: 6, top: 10, bottom: 20 }
/** Of a sign of a label, where the letters are largest: on narrow screens. */
const signWidth = 9.2
/** More are a line. */
const mostBars = 40
/** More points than that are closer together than a screen shows. */
const mostPoints = 2000

/** The values of a vector, one beside the other. What it shows is said in words too. `labels` has none, or one for each. */
export function chart(name: string, all: readonly number[], labels: readonly string[] = []): SVGElement {
  const values = all.filter(Number.isFinite)
  const low = Math.min(0, ...values.slice(0, mostPoints))
  const high = Math.max(0, ...values.slice(0, mostPoints))
  const span = high - low || 1
  const shownValues = all.slice(0, mostPoints)
  const levels = [...new Set([high, 0, low])].map(value => ({ value, label: labelOf(value) }))
  const edge = { ...around, left: 8 + signWidth * Math.max(...levels.map(({ label }) => label.length)) }
  const x = (index: number) =>
    edge.left + ((index + 0.5) * (width - edge.left - edge.right)) / shownValues.length
  const y = (value: number) => edge.top + ((high - value) * (height - edge.top - edge.bottom)) / span
  const largest = Math.max(...shownValues)
  const at = shownValues.indexOf(largest)
  const isBars = all.length <= mostBars
  const said = `${name}: ${all.length} values from ${shown(Math.min(...shownValues))} to ${shown(largest)}; the largest is number ${at}${labels[at] === undefined ? '' : `, ${labels[at]}`}.`
  const picture = isBars ? bars() : [line()]
  return svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': said },
    ...levels.flatMap(level),
    ...picture,
    ...ticks(),
  )

  /** A line across, with its value in front. */
  function level({ value, label }: { value: number; label: string }): SVGElement[] {
    const at = round(y(value))
    const place = { class: 'tick', x: String(edge.left - 6), y: round(y(value) + 3.5), 'text-anchor': 'end' }
    return [
      svg('line', { class: 'axis', x1: String(edge.left), x2: String(width - edge.right), y1: at, y2: at }),
      svg('text', place, label),
    ]
  }

  function bars(): SVGElement[] {
    const step = (width - edge.left - edge.right) / shownValues.length
    const bar = Math.min(step * 0.72, 48)
    return shownValues.map((value, index) => {
      const isNumber = Number.isFinite(value)
      const top = isNumber ? Math.min(y(value), y(0)) : y(0)
      const tall = isNumber ? Math.max(Math.abs(y(value) - y(0)), 1) : 0
      return svg(
        'rect',
        {
          class: index === at ? 'bar best' : 'bar',
          x: round(x(index) - bar / 2),
          y: round(top),
          width: round(bar),
          height: round(tall),
          rx: '2',
        },
        svg('title', {}, `${labels[index] ?? index}: ${shown(value)}`),
      )
    })
  }

  function line(): SVGElement {
    const points = shownValues.flatMap((value, index) =>
      Number.isFinite(value) ? [`${round(x(index))},${round(y(value))}`] : [],
    )
    return svg('polyline', { class: 'line', points: points.join(' ') })
  }

  function tickOf(index: number): string {
    const label = labels[index] ?? String(index)
    const letters = Math.floor((width - edge.left - edge.right) / shownValues.length / 6.5)
    return label.length <= letters ? label : `${label.slice(0, Math.max(1, letters - 1))}…`
  }

  function ticks(): SVGElement[] {
    const every = isBars && shownValues.length <= 20 ? 1 : Math.ceil(shownValues.length / 8)
    return shownValues.flatMap((_, index) =>
      index % every === 0
        ? [
            svg(
              'text',
              { class: 'tick', x: round(x(index)), y: String(height - 6), 'text-anchor': 'middle' },
              tickOf(index),
            ),
          ]
        : [],
    )
  }
}

function labelOf(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}
