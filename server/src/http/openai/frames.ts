/** One event of an answer that streams. JSON has no line breaks. */
export function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const lastFrame = 'data: [DONE]\n\n'
