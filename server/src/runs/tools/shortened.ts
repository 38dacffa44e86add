import type { Tensor } from '@roundhouse/sdk/contract'

/** A model reads no more of an answer than this, and each element takes two characters at least. */
const mostElements = 16 * 1024
const mostCharacters = 32 * 1024

/**
 * Outputs as far as a language model is told of them, with a note on those that are cut: a large one as JSON would be
 * hundreds of megabytes, of which nobody reads more than the beginning.
 */
export function shortened(outputs: readonly Tensor[]): { tensors: readonly Tensor[]; note: string } {
  const notes: string[] = []
  const tensors = outputs.map(tensor => {
    const elements = elementsOf(tensor)
    if (elements === tensor.data.length) return tensor
    notes.push(
      `[Cut: of ${tensor.name}, which is ${tensor.shape.join(' x ')}, the first ${elements} elements, in one row.] `,
    )
    return { ...tensor, shape: [elements], data: beginningOf(tensor.data, elements) }
  })
  return { tensors, note: notes.join('') }
}

/** How many fit. */
function elementsOf({ data }: Tensor): number {
  const most = Math.min(data.length, mostElements)
  if (!Array.isArray(data)) return most
  let characters = 0
  for (let place = 0; place < most; place += 1) {
    characters += data[place]?.length ?? 0
    if (characters > mostCharacters) return place
  }
  return most
}

function beginningOf(data: Tensor['data'], elements: number): Tensor['data'] {
  return Array.isArray(data) ? data.slice(0, elements) : data.subarray(0, elements)
}
