import { z } from 'zod'

const endpoint = z.string().refine(isCollector, {
  error: 'is http(s)://host[:port][/path] without a user, a password or a query in it',
})
const headers = z.string().transform((text, issue) => {
  const read = readHeaders(text)
  if (read) return read
  issue.addIssue('is name=value, comma-separated, with special characters percent-encoded')
  return z.NEVER
})

/** Settings of OpenTelemetry, under the names that its specification gives them. */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: endpoint,
    default: undefined,
    meaning:
      'OpenTelemetry collector that runs of agents and calls of models are told to, as spans by OTLP over HTTP: without `/v1/traces`, for instance `http://localhost:4318`.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    schema: headers,
    default: undefined,
    meaning: 'Headers that it wants: `name=value`, comma-separated, with special characters percent-encoded.',
    secret: true,
  },
  OTEL_SERVICE_NAME: {
    schema: z.string().max(255),
    default: 'roundhouse',
    meaning: 'Name of this server in the spans.',
  },
} as const

/** @param missing Neither given nor refused already. */
export function impossibleTracing(
  config: Readonly<Partial<Record<keyof typeof tracingSettings, unknown>>>,
  missing: (name: keyof typeof tracingSettings) => boolean,
): string[] {
  return config.OTEL_EXPORTER_OTLP_HEADERS !== undefined && missing('OTEL_EXPORTER_OTLP_ENDPOINT')
    ? ['OTEL_EXPORTER_OTLP_ENDPOINT: goes with OTEL_EXPORTER_OTLP_HEADERS.']
    : []
}

function isCollector(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password, search, hash } = new URL(text)
  return username === '' && password === '' && search === '' && hash === ''
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function readHeaders(text: string): Record<string, string> | undefined {
  const pairs: [string, string][] = []
  for (const item of text.split(',').map(part => part.trim())) {
    if (item === '') continue
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*)$/.exec(item) ?? []
    if (name === undefined || value === undefined) return undefined
    try {
      pairs.push([name, decodeURIComponent(value)])
    } catch {
      return undefined
    }
    if (/[^\t\x20-\x7e]/.test(pairs.at(-1)?.[1] ?? '')) return undefined
  }
  return Object.fromEntries(pairs)
}
