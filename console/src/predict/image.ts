import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { cellsOf, type Value } from './values.ts'

type Shape = TensorSpecBody['shape']

/** How the values of an input are the points of a picture. `planes`: one colour after the other, else point by point. */
export type ImageLayout = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly isPlanes: boolean
}

/** Where a model takes any size, it gets that of most of them. */
const freeSide = 224
const leastSide = 8
/** Of a vector: a longer one is hardly a picture without saying so. */
const mostFlatSide = 64

/** N,3,H,W, N,H,W,3, N,1,H,W, N,H,W,1, N,H,W, and a vector with as many values as a square has points; else undefined. */
export function imageOf(shape: Shape): ImageLayout | undefined {
  const [samples, ...rest] = shape
  if (samples !== null && samples !== 1) return undefined
  const [first, second, third] = rest
  if (rest.length === 3) {
    if (first === 1 || first === 3) return sized(third, second, first, true)
    if (third === 1 || third === 3) return sized(second, first, third, false)
    return undefined
  }
  if (rest.length === 2) return sized(second, first, 1, true)
  const side = Math.sqrt(first ?? 0)
  if (rest.length !== 1 || !Number.isInteger(side) || side > mostFlatSide) return undefined
  return sized(side, side, 1, true)
}

function sized(
  width: number | null | undefined,
  height: number | null | undefined,
  channels: 1 | 3,
  isPlanes: boolean,
): ImageLayout | undefined {
  const layout = { width: width ?? freeSide, height: height ?? freeSide, channels, isPlanes }
  return layout.width < leastSide || layout.height < leastSide ? undefined : layout
}

/** Small and grey: drawn by hand, in points that are seen. */
export function isDrawable({ width, height, channels }: ImageLayout): boolean {
  return channels === 1 && width <= 64 && height <= 64
}

/** What 0 and 255 become, per channel red, green, blue. */
export type Range = {
  readonly low: readonly [number, number, number]
  readonly high: readonly [number, number, number]
}

/** Of models of torchvision: value / 255, less the mean, by the deviation. Source: docs.pytorch.org/vision/stable/models.html */
const imageNet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const

export function rangesOf(example: number): Record<string, Range> {
  const even = (low: number, high: number): Range => ({ low: [low, low, low], high: [high, high, high] })
  const [red, green, blue] = imageNet.mean
  const [redBy, greenBy, blueBy] = imageNet.deviation
  return {
    ...([1, 255].includes(example) ? {} : { [`0 to ${example}`]: even(0, example) }),
    '0 to 1': even(0, 1),
    '0 to 255': even(0, 255),
    '-1 to 1': even(-1, 1),
    'ImageNet, normalised': {
      low: [-red / redBy, -green / greenBy, -blue / blueBy],
      high: [(1 - red) / redBy, (1 - green) / greenBy, (1 - blue) / blueBy],
    },
  }
}

/** Which range an example is of: by its largest and smallest value. */
export function rangeOfExample(
  example: Value,
  dtype: TensorSpecBody['dtype'],
): { name: string; largest: number } {
  let largest = 0
  let smallest = 0
  for (const cell of cellsOf(example)) {
    if (typeof cell !== 'number') continue
    largest = Math.max(largest, cell)
    smallest = Math.min(smallest, cell)
  }
  if (smallest < 0) return { name: '-1 to 1', largest: 1 }
  if (largest > 64) return { name: '0 to 255', largest: 255 }
  if (largest > 2) return { name: `0 to ${Math.ceil(largest)}`, largest: Math.ceil(largest) }
  return dtype === 'UINT8' ? { name: '0 to 255', largest: 255 } : { name: '0 to 1', largest: 1 }
}

type Points = { readonly layout: ImageLayout; readonly range: Range; readonly isWhole: boolean }

/**
 * Points of 0 to 255, red green blue opacity, as canvases have them, as the values of one sample in the order of the
 * model. One channel is the lightness.
 */
export function valuesOf(points: Uint8ClampedArray, { layout, range, isWhole }: Points): number[] {
  const { width, height, channels, isPlanes } = layout
  const area = width * height
  const values = new Array<number>(area * channels)
  for (let at = 0; at < area; at++)
    for (let channel = 0; channel < channels; channel++) {
      const share = (channels === 1 ? lightness(points, at * 4) : (points[at * 4 + channel] ?? 0)) / 255
      const low = range.low[channel] ?? 0
      const value = low + share * ((range.high[channel] ?? 1) - low)
      values[isPlanes ? channel * area + at : at * channels + channel] = isWhole
        ? Math.round(value)
        : Math.round(value * 10_000) / 10_000
    }
  return values
}

/** The way back, for one sample. */
export function pointsOf(
  values: readonly unknown[],
  { layout, range }: Points,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, channels, isPlanes } = layout
  const area = width * height
  const points = new Uint8ClampedArray(area * 4)
  for (let at = 0; at < area; at++) {
    for (let colour = 0; colour < 3; colour++) {
      const channel = channels === 1 ? 0 : colour
      const value = Number(values[isPlanes ? channel * area + at : at * channels + channel] ?? 0)
      const low = range.low[channel] ?? 0
      points[at * 4 + colour] = ((value - low) / ((range.high[channel] ?? 1) - low)) * 255
    }
    points[at * 4 + 3] = 255
  }
  return points
}

/** Source: ITU-R BT.601, as image libraries turn colours to grey. */
function lightness(points: Uint8ClampedArray, at: number): number {
  return 0.299 * (points[at] ?? 0) + 0.587 * (points[at + 1] ?? 0) + 0.114 * (points[at + 2] ?? 0)
}
