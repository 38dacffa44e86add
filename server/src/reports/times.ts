/** A moment as two texts, so that a day need not be said with every time of it. */
export type PrintedMoment = { day: string; time: string }

/** "21 November 2026" of an ISO date. */
export function dayText(date: string): string {
  return dayIn('UTC').format(new Date(`${date}T00:00:00Z`))
}

/**
 * All in one zone, with seconds where two that follow each other fall into the same minute.
 * @param moments ISO 8601 with an offset @param timeZone an IANA name
 */
export function momentTexts(moments: readonly string[], timeZone: string): PrintedMoment[] {
  const times = moments.map(moment => new Date(moment))
  const minutes = times.map(time => Math.floor(time.getTime() / 60_000))
  const tellsSeconds = minutes.some((minute, index) => index > 0 && minute === minutes[index - 1])
  const day = dayIn(timeZone)
  const clock = clockIn(timeZone, tellsSeconds)
  return times.map(time => ({ day: day.format(time), time: clock.format(time) }))
}

/** "20 November 2026, 22:00:00 to 22:06:41 UTC": the day once where it is one, the zone once. */
export function rangeText(from: string, to: string, timeZone: string): string {
  const ends = [from, to].map(moment => new Date(moment))
  const clock = clockIn(
    timeZone,
    ends.some(end => end.getTime() % 60_000 !== 0),
  )
  const [begin, end] = ends.map(each => ({ day: dayIn(timeZone).format(each), time: clock.format(each) }))
  if (!begin || !end) return ''
  const last = begin.day === end.day ? end.time : `${end.day}, ${end.time}`
  return `${begin.day}, ${begin.time} to ${last} ${zoneText(timeZone)}`
}

/** "UTC", "Europe/Vienna". */
export function zoneText(timeZone: string): string {
  return timeZone.replaceAll('_', ' ')
}

function dayIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'long', year: 'numeric' })
}

function clockIn(timeZone: string, tellsSeconds: boolean): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(tellsSeconds && { second: '2-digit' }),
  })
}
