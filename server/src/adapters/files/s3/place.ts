/** Where the bytes lie in an S3 storage. */
export type S3Place = {
  bucket: string
  /** Before every key; empty, or ends in a slash. */
  prefix: string
  /** Without a slash at its end. May have a path. */
  endpoint: string
  region: string
  /** The bucket in the path (`https://host/bucket/key`), else in the host name (`https://bucket.host/key`). */
  pathStyle: boolean
}

const parameters = ['endpoint', 'region', 'path_style']

/**
 * Reads `s3://bucket[/prefix]?endpoint=https://...&region=...&path_style=true`. Without `endpoint` it is AWS. With one
 * the bucket stands in the path unless `path_style=false`: certificates and DNS of most other storages ask for that.
 * @throws Error that says what is wrong, without the text: someone may have written a secret into it.
 */
export function parseS3Place(text: string): S3Place {
  if (!/^s3:\/\//.test(text) || !URL.canParse(text)) {
    throw new Error('has the form s3://bucket[/prefix]?endpoint=https://...&region=...&path_style=true')
  }
  const url = new URL(text)
  if (url.username || url.password) {
    throw new Error('holds no keys: they go into S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY')
  }
  const bucket = url.host
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new Error('names a bucket of 3 to 63 small letters, digits, dots and hyphens')
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '')
  if (!/^([\w-][\w.-]*(\/[\w-][\w.-]*)*)?$/.test(prefix)) {
    throw new Error('has a prefix of letters, digits, dots, hyphens and underlines, parted by single slashes')
  }
  const unknown = [...url.searchParams.keys()].find(name => !parameters.includes(name))
  if (unknown !== undefined)
    throw new Error(`knows ${parameters.join(', ')} after the question mark, nothing else`)
  const given = url.searchParams.get('endpoint') || undefined
  const region = url.searchParams.get('region') || 'us-east-1'
  if (!/^[a-z0-9-]{1,40}$/.test(region)) throw new Error('has a region such as eu-central-1, or auto')
  const style = url.searchParams.get('path_style')
  if (style !== null && style !== 'true' && style !== 'false')
    throw new Error('has path_style=true or path_style=false')
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: parseS3Endpoint(given ?? `https://s3.${region}.amazonaws.com`),
    region,
    // No certificate of a wildcard covers a bucket with dots.
    pathStyle: style === null ? given !== undefined || bucket.includes('.') : style === 'true',
  }
}

/** Without a slash at its end. @throws Error that says what is wrong, without the text. */
export function parseS3Endpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new Error('has an endpoint of the form https://host[:port][/path]')
  }
  return url.href.replace(/\/+$/, '')
}

/** The address of an object, by its key with the prefix; of the bucket when it is empty. */
export function urlOf(place: S3Place, key: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(place.endpoint)
  const base = url.pathname.replace(/\/$/, '')
  if (place.pathStyle) url.pathname = `${base}/${place.bucket}${key === '' ? '' : `/${key}`}`
  else {
    url.hostname = `${place.bucket}.${url.hostname}`
    url.pathname = `${base}/${key}`
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}
