import { z } from 'zod'

const text = z.string().optional().catch(undefined)
const flag = z.boolean().optional().catch(undefined)
const listOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.array(z.object(shape).nullable().catch(null)).catch([])

const templates = listOf({ name: text, folder: text })
const outline = z.object({
  models: listOf({ name: text, local_path: text }),
  buckets: listOf({
    name: text,
    public: flag,
    open_folders: flag,
    file_size_limit: z.number().nullish().catch(undefined),
  }),
  reports: z.object({ templates }).catch({ templates: [] }),
  agents: listOf({ name: text, slug: text }),
})

/**
 * What can be read of a declaration though other parts of it are wrong, each at its place: so that a folder that is not
 * there is told together with a misspelt key. Null is what is no declaration at all.
 */
export type Outline = z.infer<typeof outline>

export function outlineOf(content: object): Outline {
  return outline.parse(content)
}
