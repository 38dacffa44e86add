/** One way to fill in what a model takes. */
export type InputView = {
  readonly element: HTMLElement
  /** JSON of `input_data`. @throws Error for who filled it in. */
  read(): string
  /** Takes over what was read elsewhere. */
  fill(json: string): void
  /** Says in place what is wrong, where it knows the place: then true. Undefined: nothing is. */
  complain(sentence: string | undefined): boolean
}

/** The server puts the name of an input in quotes, the form puts it in front. */
export function isAbout(sentence: string, name: string): boolean {
  return sentence.startsWith(`${name}: `) || sentence.includes(`'${name}'`)
}
