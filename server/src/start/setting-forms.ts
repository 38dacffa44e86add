import { isIP } from 'node:net'
import { z } from 'zod'

/** What the texts of settings may be. */
export const wholeNumber = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(minimum).max(maximum)
export const list = z.string().transform(text =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(Boolean),
)
export const origin = z
  .string()
  .refine(text => URL.canParse(text) && new URL(text).origin === text && !text.includes('*'), {
    error: 'an origin is scheme://host[:port] without a path or *, for instance https://app.example.com',
  })
export const longKey = z.string().min(32, { error: 'must have at least 32 characters' })
export const longKeys = z.string().refine(text => text.split(',').every(key => key.trim().length >= 32), {
  error: 'must have at least 32 characters; a comma separates two keys',
})
export const jwtIssuers = list.pipe(
  z.array(
    z.string().transform((text, issue) => {
      const [issuer = '', audience, jwksUrl, ...more] = text.split(/\s+/)
      if (audience !== undefined && more.length === 0 && [issuer, jwksUrl ?? issuer].every(isHttp))
        return { issuer, audience, jwksUrl: jwksUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json` }
      issue.addIssue('has the form: issuer audience [jwks-url], comma-separated')
      return z.NEVER
    }),
  ),
)
export const parsedBy = <T>(parse: (text: string) => T) =>
  z.string().transform((text, issue) => {
    try {
      return parse(text)
    } catch (error) {
      issue.addIssue(error instanceof Error ? error.message : 'not valid')
      return z.NEVER
    }
  })
export const proxy = z.string().refine(isNetwork, {
  error: 'is an address, a range such as 10.0.0.0/8, or loopback, linklocal, uniquelocal',
})
/** As a URL writes it, which is what it is compared with: small letters, an address of IPv6 in brackets and shortened. */
export const hostAndPort = z.string().transform((text, issue) => {
  const port = /^[^/?#@*\\\s]+:(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined && Number(port) >= 1 && URL.canParse(`https://${text}`))
    return `${new URL(`https://${text}`).hostname}:${Number(port)}`
  issue.addIssue('is host:port, or [address]:port of IPv6, without a scheme, a path or *')
  return z.NEVER
})
export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, { error: 'must begin with postgresql://' })

export function isBaseUrl(text: string): boolean {
  return isHttp(text) && new URL(text).origin === text.replace(/\/$/, '')
}

function isHttp(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...more] = text.split('/')
  const longest = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  return (
    longest > 0 &&
    more.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest))
  )
}
