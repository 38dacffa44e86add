import { z } from 'zod'
import { outputSchema } from './output-schema.ts'
import { isStorable, notStorable, storableText } from './storable.ts'

/** What the caller sent, what the model answers, what tools gave, what the model gives to tools. */
const stage = z.enum(['input', 'output', 'tool-results', 'tool-arguments'])

const stages = <Stage extends z.ZodType>(one: Stage) =>
  z
    .array(one)
    .min(1)
    .max(4)
    .refine(list => new Set(list).size === list.length, { error: 'Each is named once.' })

const common = {
  /** As it is named to callers, in the log and in the trace. The type when it is absent. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'A rule has a name of 1 to 64 letters, digits, _ and -.' })
    .optional(),
  /** What callers are told when it refuses: of an answer, in place of it. */
  say: storableText.min(1).max(2000).optional(),
}

/** Kinds of personal data that are found by their form, and where there is one by their check digits. */
export const piiKind = z.enum(['email', 'card', 'iban', 'ip', 'ssn', 'phone'])

const hook = z
  .url({ protocol: /^https$/, error: 'An https address.' })
  .max(2000)
  .refine(isStorable, { error: notStorable })

/** A rule of an agent for what goes in and out. `mask` replaces, `flag` only takes note. */
export const guardrail = z.discriminatedUnion('type', [
  /** Characters of one text. */
  z.strictObject({
    type: z.literal('length'),
    ...common,
    on: stages(stage.exclude(['tool-arguments'])),
    action: z.enum(['refuse', 'cut', 'flag']),
    max: z.int().min(1).max(4_000_000),
  }),
  /** A regular expression without look-around and references to groups; the longest match counts. */
  z.strictObject({
    type: z.literal('pattern'),
    ...common,
    on: stages(stage),
    action: z.enum(['refuse', 'mask', 'flag']),
    pattern: storableText.min(1).max(1000),
    ignore_case: z.boolean().optional(),
    /** What stands in place of a match. `[removed]` when it is absent. */
    replacement: storableText.max(100).optional(),
  }),
  /** What is found becomes `[email]`, `[card]`, ... All kinds when they are absent. */
  z.strictObject({
    type: z.literal('pii'),
    ...common,
    on: stages(stage),
    action: z.enum(['refuse', 'mask', 'flag']),
    kinds: z.array(piiKind).min(1).max(piiKind.options.length).optional(),
  }),
  /** The last message of the user is JSON that keeps to the schema. Of the answer `output_schema` says that. */
  z.strictObject({
    type: z.literal('schema'),
    ...common,
    on: stages(z.literal('input')),
    action: z.enum(['refuse', 'flag']),
    schema: outputSchema,
  }),
  /** An address that is asked about each text. */
  z.strictObject({
    type: z.literal('moderation'),
    ...common,
    on: stages(stage.exclude(['tool-arguments'])),
    action: z.enum(['refuse', 'flag']).default('refuse'),
    url: hook,
    /** What a text comes to when the address does not answer. */
    fail: z.enum(['open', 'closed']).default('closed'),
    timeout_seconds: z.int().min(1).max(10).optional(),
  }),
])

/** In the order in which they are kept. */
export const guardrails = z.array(guardrail).max(32)

export type Guardrail = z.output<typeof guardrail>
export type GuardrailOf<Type extends Guardrail['type']> = Extract<Guardrail, { type: Type }>
export type GuardrailStage = z.output<typeof stage>
export type PiiKind = z.output<typeof piiKind>
