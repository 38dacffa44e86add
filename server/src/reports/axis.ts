import { numberStyle } from './numbers.ts'

/** The axis of values: its ends and its lines with their names. */
export type ValueAxis = { low: number; high: number; ticks: { value: number; text: string }[] }

const wantedTicks = 5

/** Steps of 1, 2 or 5 times a power of ten. An axis of amounts begins at 0 when that costs little of its height. */
export function valueAxis(values: readonly number[]): ValueAxis {
  let low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  let high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  if (high - low <= Math.max(Math.abs(high), Math.abs(low)) * 1e-9) {
    const around = high === 0 ? 1 : Math.abs(high) * 0.1
    low -= around
    high += around
  }
  if (low > 0 && low < (high - low) * 0.6) low = 0
  if (high < 0 && -high < (high - low) * 0.6) high = 0
  const step = roundStep((high - low) / wantedTicks)
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  // Division by a whole number keeps 0.3 from being 0.30000000000000004.
  const at = (index: number) => (step < 1 ? index / Math.round(1 / step) : index * step)
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => at(first + index))
  const style = numberStyle(ticks.map(tick => Number(tick.toPrecision(12))))
  return { low: at(first), high: at(last), ticks: ticks.map(value => ({ value, text: style.text(value) })) }
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const times = rough / power
  return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10)
}
