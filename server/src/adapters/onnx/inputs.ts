import { Problem, type Tensor } from '@roundhouse/sdk/contract'

/** Copies that the caller cannot change any more, each in a buffer of its own. */
export function copyInputs(inputs: readonly Tensor[]): Tensor[] {
  return inputs.map(tensor => {
    if (Array.isArray(tensor.data)) refuseZeroCharacters(tensor.name, tensor.data)
    return { ...tensor, data: tensor.data.slice() }
  })
}

// The native side reads strings up to their first zero character: what follows would be lost without a word.
function refuseZeroCharacters(name: string, strings: readonly string[]) {
  const index = strings.findIndex(text => text.includes('\0'))
  if (index === -1) return
  throw new Problem(
    'invalid-tensor',
    `Element ${index} of input ${name} holds a zero character, which the runtime cannot take.`,
  )
}
