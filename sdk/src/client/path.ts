/**
 * A path with its variable segments percent-encoded: path`/api/v1/models/${id}/predict`.
 * @throws TypeError for a segment that a URL would swallow: '', '.' and '..'.
 */
export function path(fixed: TemplateStringsArray, ...segments: string[]): string {
  return fixed.reduce((start, end, index) => `${start}${segmentOf(segments[index - 1] ?? '')}${end}`)
}

function segmentOf(value: string): string {
  if (value === '' || value === '.' || value === '..') {
    throw new TypeError(`An id, a name or a version is expected, got "${value}".`)
  }
  return encodeURIComponent(value)
}
