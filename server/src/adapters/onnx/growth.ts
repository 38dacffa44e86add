import { maxGrownElements, refuse } from './inspect-tensor.ts'

/** Looks up a constant input of a node by its position; undefined when it is computed or not given. */
export type ConstantInput = (position: number) => readonly number[] | undefined

/**
 * Refuses an operator that would make more than 2^28 elements out of a few constants: a file of 200 bytes could ask
 * for a terabyte at load. What is computed at run time is not seen here; it is bounded by the limits of the process.
 */
export function checkGrowth(
  operator: string,
  input: ConstantInput,
  attribute: (name: string) => readonly number[] | undefined,
): void {
  const grown = grownElements(operator, input, attribute)
  // A comparison with NaN is false: what cannot be computed is left to the runtime.
  if (grown > maxGrownElements) {
    throw refuse(
      `The operator ${operator} would make ${grown} elements from constants of the file; ${maxGrownElements} is the limit.`,
    )
  }
}

/** Whether the output size of an operator depends on values: the only ones `checkGrowth` has anything to say about. */
export function mayGrow(operator: string): boolean {
  return Object.hasOwn(shapeInput, operator) || Object.hasOwn(lengthInput, operator) || others.has(operator)
}

const others = new Set(['RandomNormal', 'RandomUniform', 'Resize', 'Pad', 'Range'])

const shapeInput: Readonly<Record<string, number>> = {
  ConstantOfShape: 0,
  Expand: 1,
  Tile: 1,
  CenterCropPad: 1,
  Upsample: 1,
  MaxUnpool: 2,
}

const lengthInput: Readonly<Record<string, number>> = {
  OneHot: 1,
  HannWindow: 0,
  HammingWindow: 0,
  BlackmanWindow: 0,
}

function grownElements(
  operator: string,
  input: ConstantInput,
  attribute: (name: string) => readonly number[] | undefined,
): number {
  const shapePosition = shapeInput[operator]
  if (shapePosition !== undefined) return product(input(shapePosition))
  const lengthPosition = lengthInput[operator]
  if (lengthPosition !== undefined) return product(input(lengthPosition))
  if (operator === 'RandomNormal' || operator === 'RandomUniform') return product(attribute('shape'))
  if (operator === 'Resize') return Math.max(product(input(2)), product(input(3)))
  if (operator === 'Pad') return Math.max(0, ...(input(1) ?? attribute('pads') ?? []))
  if (operator === 'Range') {
    const [start, limit, delta] = [input(0)?.[0], input(1)?.[0], input(2)?.[0]]
    if (start === undefined || limit === undefined || delta === undefined) return 0
    return (limit - start) / delta
  }
  return 0
}

// A zero stands for "keep" in some of these operators, and a negative for nothing good: both count as one.
function product(values: readonly number[] | undefined): number {
  return (values ?? []).reduce((total, value) => total * Math.max(1, value), 1)
}
