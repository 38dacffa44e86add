import { Problem } from '@roundhouse/sdk/contract'

/** A rule of the agent keeps a text from going on. */
export class Refusal extends Problem {
  readonly rule: string
  /** What is answered in place of an answer; null: the run ends with the refusal. */
  readonly say: string | null

  constructor(
    { name, say }: { readonly name: string; readonly say: string | null },
    why: string,
    cause?: unknown,
  ) {
    super('guardrail-refused', say ?? `The rule ${name} of the agent ${why}.`, { cause })
    this.rule = name
    this.say = say
  }
}
