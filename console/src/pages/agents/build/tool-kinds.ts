import type { Typed } from './draft.ts'
import { type FieldSpec, type KindSpec, kindOf } from './spec.ts'

/** The kinds of tools, those that are used most first. */
export const toolKinds: readonly KindSpec[] = [
  {
    type: 'time',
    label: 'Time',
    about: 'Tells the date and the time.',
    fields: [],
  },
  {
    type: 'model',
    label: 'Model',
    about: 'A served model of this server; its arguments are made from its signature.',
    fields: [{ name: 'model', label: 'Model', as: 'reference', of: 'models' }],
  },
  {
    type: 'knowledge',
    label: 'Knowledge',
    about: 'Searches a collection of documents, and gives passages to cite.',
    fields: [
      { name: 'collection', label: 'Collection', as: 'reference', of: 'collections' },
      { name: 'limit', label: 'Passages per search', as: 'number', placeholder: '8', hint: '1 to 50.' },
    ],
  },
  {
    type: 'http',
    label: 'HTTP request',
    about: 'A request that the model fills in. APIs described by OpenAPI are imported as such.',
    fields: [
      {
        name: 'method',
        label: 'Method',
        as: 'choice',
        choices: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map(value => ({ value, label: value })),
      },
      {
        name: 'url',
        label: 'Address',
        as: 'code',
        placeholder: 'https://api.example.com/items/{id}',
        hint: 'What stands in braces behind the host is an argument of that name.',
      },
      { name: 'query', label: 'Arguments in the query', as: 'lines', hint: 'Names, separated by commas.' },
      {
        name: 'header',
        label: 'Arguments that are headers',
        as: 'lines',
        hint: 'Names, separated by commas.',
      },
      { name: 'body', label: 'Arguments in the body', as: 'body' },
      { name: 'headers', label: 'Headers sent each time', as: 'headers' },
      {
        name: 'parameters',
        label: 'Arguments (JSON Schema)',
        as: 'json',
        hint: 'Made from the names above when it is empty: each is a text then.',
      },
    ],
  },
  {
    type: 'mcp',
    label: 'MCP server',
    about: 'Tools of a server that speaks the Model Context Protocol.',
    fields: [
      { name: 'url', label: 'Address', as: 'code', placeholder: 'https://crm.example.com/mcp' },
      {
        name: 'tools',
        label: 'Only these tools',
        as: 'lines',
        hint: 'Names, separated by commas. Empty: all of the server, now and later.',
      },
      { name: 'headers', label: 'Headers', as: 'headers' },
    ],
  },
  {
    type: 'agent',
    label: 'Agent',
    about: 'Asks another agent, in a run of its own that the caller pays.',
    fields: [{ name: 'agent', label: 'Agent', as: 'reference', of: 'agents' }],
  },
  {
    type: 'files',
    label: 'Files',
    about: 'Lists and reads objects of a bucket that the caller may reach.',
    fields: [
      { name: 'bucket', label: 'Bucket', as: 'reference', of: 'buckets' },
      { name: 'folder', label: 'Folder', as: 'code', hint: 'Nothing above it is reached. Empty: all.' },
      { name: 'write', label: 'May write', as: 'check', hint: 'Adds and replaces objects of up to 256 kB.' },
    ],
  },
  {
    type: 'report',
    label: 'Report',
    about: 'Makes a PDF of a template, and gives a link that is good for an hour.',
    fields: [
      { name: 'template', label: 'Template', as: 'reference', of: 'templates', none: 'forecast-report' },
      {
        name: 'logo',
        label: 'Logo',
        as: 'code',
        hint: 'Name of an object in the bucket agent-logos. Empty: that of the caller.',
      },
    ],
  },
  {
    type: 'query',
    label: 'Query',
    about: 'A query that roundhouse.config.ts declares; it only reads.',
    adminOnly: 'Only administrators give an agent a query of this server.',
    fields: [{ name: 'query', label: 'Name of the query', as: 'code' }],
  },
  {
    type: 'code',
    label: 'Function',
    about: 'A function that roundhouse.config.ts declares.',
    adminOnly: 'Only administrators give an agent a function of this server.',
    fields: [{ name: 'tool', label: 'Name of the function', as: 'code' }],
  },
]

/** Of every tool; those of its own kind stand before them. */
export const commonToolFields: readonly FieldSpec[] = [
  {
    name: 'name',
    label: 'Name',
    as: 'code',
    hint: 'As the model sees it: letters, digits, _ and -. Empty: chosen by the kind.',
  },
  { name: 'description', label: 'Description', as: 'area', hint: 'What it is for, as the model is told.' },
  {
    name: 'approval',
    label: 'Ask a person each time',
    as: 'check',
    hint: 'The run waits until somebody has approved the call.',
  },
  { name: 'heavy', label: 'Takes long', as: 'check', hint: 'A worker does it, and the run goes on there.' },
  {
    name: 'price',
    label: 'Price per call (credits)',
    as: 'number',
    placeholder: '0',
    hint: 'Beside what the thing that is called costs itself.',
  },
  {
    name: 'timeout_seconds',
    label: 'Time limit (seconds)',
    as: 'number',
    hint: '1 to 3,600. Empty: that of the kind.',
  },
]

/** What a tool is called in lists: its name, or what it reaches. */
export function toolTitle(tool: Typed): string {
  const [of] = ['name', 'model', 'collection', 'agent', 'bucket', 'query', 'tool', 'template', 'url']
    .map(field => tool[field])
    .filter(value => typeof value === 'string' && value !== '')
  return typeof of === 'string' ? of : kindOf(toolKinds, tool.type).label
}

/** Its kind and what it reaches, for the line below its name. */
export function toolFacts(tool: Typed): string[] {
  const { label, about } = kindOf(toolKinds, tool.type)
  const facts = [label === toolTitle(tool) ? about : label]
  for (const field of ['model', 'collection', 'agent', 'bucket', 'query', 'tool', 'template'])
    if (typeof tool[field] === 'string' && tool[field] !== toolTitle(tool)) facts.push(String(tool[field]))
  if (typeof tool.url === 'string')
    facts.push(`${tool.type === 'http' ? `${tool.method ?? 'GET'} ` : ''}${tool.url}`)
  if (typeof tool.limit === 'number') facts.push(`${tool.limit} passages`)
  if (tool.approval === true) facts.push('asks a person')
  if (tool.heavy === true) facts.push('heavy')
  if (tool.write === true) facts.push('may write')
  if (typeof tool.price === 'number' && tool.price > 0) facts.push(`${tool.price} credits per call`)
  if (typeof tool.timeout_seconds === 'number') facts.push(`at most ${tool.timeout_seconds} s`)
  return facts
}
