import { INT32, INT64 } from './element-types.ts'
import type { ConstantInput } from './growth.ts'

// What ends the process in onnxruntime-node 1.30.0 on x64, found by running 140 operators on hostile values and on
// tensors without elements (2026-11-21). Everything else tried answers or fails with a message: allocations too large,
// indices out of range, steps and sizes of 0, integers divided by 0.

/** Whether an operator is one that `dividesUnsafely` has to look at. */
export function divides(operator: string): boolean {
  return operator === ':Div' || operator === ':Mod'
}

/**
 * Whether a Div or Mod may divide the smallest integer by -1, which no register can hold the result of: SIGFPE.
 * Integers of 8 and 16 bits are widened first, and a divisor of 0 is looked for.
 * @param elementType undefined counts as an integer.
 * @param isSize Whether an input can only hold dimensions, which are never negative.
 */
export function dividesUnsafely(
  elementType: number | undefined,
  input: ConstantInput,
  isSize: (position: number) => boolean,
  fmod: number | undefined,
): boolean {
  if (elementType !== undefined && elementType !== INT32 && elementType !== INT64) return false
  // fmod(3) of the C library, for any type; reals have no other Mod.
  if (fmod === 1) return false
  const divisors = input(1)
  const known = divisors !== undefined && divisors.length < keptValues
  return !(known && divisors.every(value => value !== 0 && value !== -1)) && !isSize(1)
}

/** A list that long may have been cut. */
const keptValues = 64

/** Whether the operators may end the process by what a run gives them, whatever the shapes of its inputs. */
export function operatorsMayCrash(operators: readonly string[]): boolean {
  return (
    operators.some(name => crashing.has(name)) ||
    (operators.some(name => crashingOnEmpty.has(name)) && operators.some(name => emptying.has(name)))
  )
}

/** Whether every operator can do with tensors that have no elements. */
export function operatorsTakeEmpty(operators: readonly string[]): boolean {
  return !operators.some(name => crashingOnEmpty.has(name))
}

// STFT divides by a frame length or step of 0.
const crashing = new Set([':STFT'])

// An empty batch ends in `std::terminate`, of all things in the recurrent layers that most forecasts are made of.
// With a QuantizeLinear behind it a Softmax becomes a QLinearSoftmax at load.
const crashingOnEmpty = new Set([
  ...[':LSTM', ':GRU', ':Unique', ':Attention', ':DFT', ':STFT', ':QuantizeLinear'],
  ...['QAttention', 'QLinearSoftmax', 'DynamicQuantizeLSTM'].map(name => `com.microsoft:${name}`),
])

// A value decides how many elements they give, and whether any.
const emptying = new Set([':NonZero', ':Compress', ':NonMaxSuppression'])
