type HttpTool = {
  readonly method?: string | undefined
  readonly url: string
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
  readonly query?: readonly string[] | undefined
  readonly header?: readonly string[] | undefined
  readonly body?: readonly string[] | 'all' | undefined
}

/** The arguments that stand in an address, in braces. */
export function argumentsIn(url: string): string[] {
  return [...url.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}

/** What is wrong with the form of an `http` tool, each with the field; nothing when its request can be made. */
export function httpToolFaults({
  method,
  url,
  parameters,
  query = [],
  header = [],
  body = [],
}: HttpTool): Fault[] {
  const inUrl = argumentsIn(url)
  const inBody = body === 'all' ? ['body'] : body
  const faults: Fault[] = []
  const filled = url.replaceAll(/\{[^{}]+\}/g, 'x')
  if (!hasHost.test(url) || /[{}\\\s]/.test(filled) || !URL.canParse(filled))
    faults.push({
      path: ['url'],
      message: 'An address like https://api.example.com/items/{id}; arguments stand behind the host.',
    })
  else if (new URL(filled).username !== '' || new URL(filled).password !== '')
    faults.push({ path: ['url'], message: 'A user name or password belongs into a header.' })
  if (method === 'GET' && inBody.length > 0)
    faults.push({ path: ['body'], message: 'A GET has no body. Name the arguments in query.' })
  if (!parameters) return faults
  const known = propertiesOf(parameters)
  const used = new Set([...inUrl, ...query, ...header, ...inBody])
  for (const name of used)
    if (!known.has(name)) faults.push({ path: ['parameters'], message: `properties: ${name} is missing.` })
  for (const name of known)
    if (!used.has(name))
      faults.push({
        path: ['parameters'],
        message: `${name} would not be sent: name it in url, query, header or body.`,
      })
  return faults
}

/** Without an argument in it. */
const hasHost = /^https?:\/\/[^/?#{}\\\s]+(?=[/?#]|$)/i

type Fault = { readonly path: string[]; readonly message: string }

function propertiesOf({ properties }: Readonly<Record<string, unknown>>): Set<string> {
  return new Set(typeof properties === 'object' && properties !== null ? Object.keys(properties) : [])
}
