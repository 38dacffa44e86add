import { z } from 'zod'
import { httpToolFaults } from './http-tool-faults.ts'
import { outputSchema } from './output-schema.ts'
import { storableText } from './storable.ts'

/** Of every tool. What is absent the tool decides. */
const common = {
  /** As the model sees it. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'A tool has a name of 1 to 64 letters, digits, _ and -.' })
    .optional(),
  /** What it is for, as the model is told. */
  description: storableText.max(2000).optional(),
  /** A person is asked each time. */
  approval: z.boolean().optional(),
  /** It takes long, so that a worker does it. */
  heavy: z.boolean().optional(),
  timeout_seconds: z.int().min(1).max(3600).optional(),
  /** Credits per call, beside what the thing that is called costs itself. */
  price: z.int().min(0).max(1_000_000_000).optional(),
}

/** An id or a name. */
const reference = storableText.min(1).max(128)

/** The value of a header: a text, or the name of a secret of the house, which only administrators may refer to. */
const headerValue = z.union([
  storableText.max(8000),
  z.strictObject({ secret: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/) }),
])

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/)
const headers = z
  .record(headerName, headerValue)
  .refine(named => Object.keys(named).length <= 50, { error: 'At most 50 headers.' })

/** Where it goes is judged when it is called: see docs/tools.md. */
const address = storableText.min(1).max(4000)

/**
 * A request that the model fills in. What stands in braces in `url`, as in `https://api.example.com/items/{id}`, is the
 * argument of that name, encoded; `query` names arguments that go behind the question mark, `header` those that are
 * headers, `body` those of a JSON body.
 */
export const httpTool = z
  .strictObject({
    type: z.literal('http'),
    ...common,
    name: common.name.unwrap(),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    url: address,
    headers: headers.optional(),
    /** JSON Schema of an object. Made from the names of the arguments when it is absent. */
    parameters: outputSchema.optional(),
    query: z.array(z.string().min(1).max(128)).max(100).optional(),
    /** Arguments that are headers of this name. What `headers` says counts more. */
    header: z.array(headerName).max(50).optional(),
    /** The names of its arguments, or `all` for one argument `body` that is the whole body. */
    body: z.union([z.array(z.string().min(1).max(128)).max(100), z.literal('all')]).optional(),
  })
  .superRefine((tool, context) => {
    for (const fault of httpToolFaults(tool)) context.addIssue({ code: 'custom', ...fault })
  })

/** What an agent can call. */
export const agentTool = z.discriminatedUnion('type', [
  /** A served model, by its name or its id. */
  z.strictObject({ type: z.literal('model'), ...common, model: reference }),
  z.strictObject({ type: z.literal('time'), ...common }),
  /** A query that `roundhouse.config.ts` declares. */
  z.strictObject({ type: z.literal('query'), ...common, query: reference }),
  httpTool,
  /** A server that speaks the Model Context Protocol. `tools`: only these of it. */
  z.strictObject({
    type: z.literal('mcp'),
    ...common,
    url: address,
    tools: z.array(z.string().min(1).max(128)).min(1).max(128).optional(),
    headers: headers.optional(),
  }),
  /** Objects of a bucket, below `folder`, that the caller may reach themselves. */
  z.strictObject({
    type: z.literal('files'),
    ...common,
    bucket: storableText.min(1).max(100),
    folder: storableText.max(1000).optional(),
    write: z.boolean().optional(),
  }),
  /** Prints a report, and gives a signed link to it. */
  z.strictObject({
    type: z.literal('report'),
    ...common,
    template: storableText.min(1).max(100).optional(),
    /** Name of an object in the bucket `agent-logos`. */
    logo: storableText.min(1).max(1024).optional(),
  }),
  /** Another agent, by its slug or its id. */
  z.strictObject({ type: z.literal('agent'), ...common, agent: reference }),
  /** A function that `roundhouse.config.ts` declares. */
  z.strictObject({ type: z.literal('code'), ...common, tool: reference }),
  /** A collection of documents that is searched, by its name or its id. */
  z.strictObject({
    type: z.literal('knowledge'),
    ...common,
    collection: reference,
    /** Passages that a search gives. */
    limit: z.int().min(1).max(50).optional(),
  }),
])

export type AgentTool = z.output<typeof agentTool>
export type AgentToolOf<Type extends AgentTool['type']> = Extract<AgentTool, { type: Type }>
