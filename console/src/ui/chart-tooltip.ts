import type uPlot from 'uplot'
import { localTime } from './relative-time.ts'

/** What was measured where the pointer is, beside it: the time, and each series with its colour. */
export function tooltip(format: () => (value: number) => string): uPlot.Plugin {
  const box = document.createElement('div')
  box.className =
    'pointer-events-none absolute top-0 left-0 z-10 hidden rounded-md border border-line font-sans bg-raised px-2.5 py-1.5 text-xs whitespace-nowrap shadow-lg tabular'

  function fill(chart: uPlot, index: number): void {
    const lines = chart.series.slice(1).map((series, i) => {
      const value = chart.data[i + 1]?.[index]
      const line = document.createElement('div')
      line.className = 'flex items-center gap-2'
      const mark = document.createElement('span')
      mark.className = 'size-2 rounded-full'
      mark.style.background = colourOf(chart, i + 1)
      const name = document.createElement('span')
      name.className = 'text-quiet'
      name.textContent = String(series.label ?? '')
      const number = document.createElement('span')
      number.className = 'ml-auto pl-3 font-medium'
      number.textContent = value === null || value === undefined ? 'not measured' : format()(value)
      line.append(mark, name, number)
      return line
    })
    const time = document.createElement('div')
    time.className = 'mb-0.5 text-quiet'
    time.textContent = localTime((chart.data[0][index] ?? 0) * 1000)
    box.replaceChildren(time, ...lines)
  }

  function place(chart: uPlot): void {
    const { left = -1, idx } = chart.cursor
    // The cursor of another chart of the group moves this one's too; it is shown where the pointer is.
    const isHere = chart.over.matches(':hover')
    const isShown = isHere && left >= 0 && idx !== null && idx !== undefined
    box.classList.toggle('hidden', !isShown)
    if (!isShown) return
    fill(chart, idx)
    const room = chart.over.clientWidth
    const width = box.offsetWidth
    const x = left + 12 + width > room ? left - 12 - width : left + 12
    box.style.transform = `translate(${Math.max(0, Math.min(x, room - width))}px, 4px)`
  }

  return {
    hooks: {
      init: chart => void chart.over.append(box),
      setCursor: place,
    },
  }
}

function colourOf(chart: uPlot, series: number): string {
  const { stroke } = chart.series[series] ?? {}
  const colour = typeof stroke === 'function' ? stroke(chart, series) : stroke
  return typeof colour === 'string' ? colour : 'currentColor'
}
