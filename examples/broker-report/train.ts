/**
 * Trains the forecaster, the same to the byte each time: what a flat is worth in each of the next six months, with an
 * interval, from its value in the last 24. `node train.ts` writes it to `price-forecast.onnx`.
 */
import { join } from 'node:path'
import {
  floats,
  graph,
  integers,
  model,
  node,
  value,
  writeModel,
} from '../../server/src/testing/onnx/writer.ts'
import { nextMonths, pastMonths, townPrices } from './market.ts'

/** Logarithms, less that of the last month known. */
type Example = { past: number[]; next: number[] }

const trainingTowns = 150
const heldOutTowns = 50
const monthsOfTown = 120
/** Holds the weights small where the past says the same thing twice. */
const ridge = 1e-3
/** Of a normal distribution, 90 % lie within so many deviations. */
const deviations = 1.645

/** `coverage` is how many of the months held out lie in their interval, `error` how far off they are on average. */
export function trainForecaster(): { bytes: Uint8Array; coverage: number; error: number } {
  const training = examplesOf(0, trainingTowns)
  const heldOut = examplesOf(trainingTowns, heldOutTowns)
  const horizons = fit(training)
  const spread = horizons.map((weights, index) => deviations * deviation(training, weights, index))
  const misses = heldOut.flatMap(({ past, next }) =>
    horizons.map((weights, index) => ({
      off: (next[index] ?? 0) - dot(weights, [...past, 1]),
      allowed: spread[index] ?? 0,
    })),
  )
  return {
    bytes: forecaster(horizons, spread),
    coverage: misses.filter(({ off, allowed }) => Math.abs(off) <= allowed).length / misses.length,
    error: misses.reduce((sum, { off }) => sum + Math.abs(off), 0) / misses.length,
  }
}

function examplesOf(first: number, count: number): Example[] {
  return Array.from({ length: count }, (_, index) => townPrices(first + index, monthsOfTown)).flatMap(
    prices => {
      const logs = prices.map(Math.log)
      const examples: Example[] = []
      for (let now = pastMonths; now + nextMonths <= logs.length; now += 3) {
        const last = logs[now - 1] ?? 0
        examples.push({
          past: logs.slice(now - pastMonths, now).map(log => log - last),
          next: logs.slice(now, now + nextMonths).map(log => log - last),
        })
      }
      return examples
    },
  )
}

/** Least squares: for each month to come the weights of the past months and, last, of the constant. */
function fit(examples: readonly Example[]): number[][] {
  const size = pastMonths + 1
  const matrix: number[][] = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size + nextMonths }, (_, column) => (row === column ? ridge : 0)),
  )
  for (const { past, next } of examples) {
    const known = [...past, 1, ...next]
    for (const [row, sums] of matrix.entries())
      for (const [column, each] of known.entries())
        sums[column] = (sums[column] ?? 0) + (known[row] ?? 0) * each
  }
  eliminate(matrix)
  return Array.from({ length: nextMonths }, (_, index) =>
    matrix.map((row, place) => (row[size + index] ?? 0) / (row[place] ?? 1)),
  )
}

/** Gauss's elimination: nothing is left beside the diagonal and the right sides. */
function eliminate(matrix: number[][]): void {
  for (const [place, pivot] of matrix.entries()) {
    const head = pivot[place] ?? 1
    for (const row of matrix) {
      if (row === pivot) continue
      const factor = (row[place] ?? 0) / head
      for (const [column, each] of pivot.entries()) row[column] = (row[column] ?? 0) - factor * each
    }
  }
}

function deviation(examples: readonly Example[], weights: readonly number[], horizon: number): number {
  const squares = examples.map(({ past, next }) => ((next[horizon] ?? 0) - dot(weights, [...past, 1])) ** 2)
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
}

function dot(weights: readonly number[], values: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (values[index] ?? 0), 0)
}

/** `values` FP32 [N,24] -> `value`, `lower`, `upper` FP32 [N,6]. */
function forecaster(horizons: readonly (readonly number[])[], spread: readonly number[]): Uint8Array {
  const weights = Array.from({ length: pastMonths }, (_, month) =>
    horizons.map(each => each[month] ?? 0),
  ).flat()
  const constants = horizons.map(each => each.at(-1) ?? 0)
  return model(
    graph({
      name: 'price-forecast',
      nodes: [
        node('Log', ['values'], ['logs']),
        node('Gather', ['logs', 'last_month'], ['last'], { axis: { int: 1 } }),
        node('Sub', ['logs', 'last'], ['past']),
        node('Gemm', ['past', 'weights', 'constants'], ['changes']),
        node('Add', ['changes', 'last'], ['middle']),
        node('Sub', ['middle', 'spread'], ['low']),
        node('Add', ['middle', 'spread'], ['high']),
        node('Exp', ['middle'], ['value']),
        node('Exp', ['low'], ['lower']),
        node('Exp', ['high'], ['upper']),
      ],
      inputs: [value('values', 'FP32', ['N', pastMonths])],
      outputs: ['value', 'lower', 'upper'].map(name => value(name, 'FP32', ['N', nextMonths])),
      initializers: [
        integers('last_month', [pastMonths - 1]),
        floats('weights', [pastMonths, nextMonths], Float32Array.from(weights)),
        floats('constants', [nextMonths], Float32Array.from(constants)),
        floats('spread', [nextMonths], Float32Array.from(spread)),
      ],
    }),
    { description: 'The value in each of the next 6 months, with 90 % intervals, from the last 24.' },
  )
}

if (import.meta.main) {
  const { bytes, coverage, error } = trainForecaster()
  const path = writeModel(join(import.meta.dirname, 'price-forecast.onnx'), bytes)
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`
  console.log(
    `${path}: ${bytes.length} bytes; of the months held out ${percent(coverage)} in their interval, off by ${percent(error)}`,
  )
}
