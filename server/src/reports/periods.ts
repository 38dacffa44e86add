type Kind = 'day' | 'week' | 'month' | 'quarter' | 'year'
/** `part` counts from 0 within its year: month, quarter, week; of days the days since 1970. */
type Period = { kind: Kind; year: number; part: number }

/** A mark of the time axis: two lines of text, the second where it differs from that of the mark before. */
export type PeriodMark = { index: number; top: string; bottom: string }
/** What a row of the table is called, below the group that it belongs to. */
export type PeriodRow = { group: string; label: string }

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const mostMarks = 11

/** Marks of an axis with these labels at equal distances: at the borders of the calendar, and always the first. */
export function periodMarks(labels: readonly string[]): PeriodMark[] {
  const periods = readPeriods(labels)
  if (!periods) return plainMarks(labels)
  const borders = stepsOf(periods[0]?.kind ?? 'year').map(isBorder =>
    periods.flatMap((period, index) => (isBorder(period, periods[index - 1]) ? [index] : [])),
  )
  const chosen = borders.find(indexes => indexes.length <= mostMarks) ?? []
  const indexes = apartFromFirst(chosen)
  let before = ''
  return indexes.flatMap(index => {
    const period = periods[index]
    if (!period) return []
    const { top, bottom } = markText(period)
    const mark = { index, top, bottom: bottom === before ? '' : bottom }
    before = bottom
    return [mark]
  })
}

/** Rows in groups by year, days by month; undefined where the labels are no calendar or all in one group. */
export function periodRows(labels: readonly string[]): PeriodRow[] | undefined {
  const periods = readPeriods(labels)
  if (!periods || periods[0]?.kind === 'year') return undefined
  const rows = periods.map(rowText)
  return new Set(rows.map(row => row.group)).size > 1 ? rows : undefined
}

/** "January 2027 to June 2028", in the words of the calendar where the labels are one. */
export function spanText(labels: readonly string[]): string {
  const periods = readPeriods(labels)
  const names = periods ? periods.map(fullText) : labels
  const [first = '', last = ''] = [names[0], names.at(-1)]
  return first === last ? first : `${first} to ${last}`
}

/** The periods that the labels name: all of one kind and each after the one before it, or undefined. */
function readPeriods(labels: readonly string[]): Period[] | undefined {
  const periods: Period[] = []
  for (const label of labels) {
    const period = readPeriod(label.trim())
    const before = periods.at(-1)
    if (!period || (before && (before.kind !== period.kind || ordinal(before) >= ordinal(period))))
      return undefined
    periods.push(period)
  }
  return periods
}

function readPeriod(label: string): Period | undefined {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(label)
  if (day) {
    const time = Date.parse(`${label}T00:00:00Z`)
    const isReal = !Number.isNaN(time) && new Date(time).toISOString().startsWith(label)
    return isReal ? { kind: 'day', year: Number(day[1]), part: time / 86_400_000 } : undefined
  }
  const year = /^(\d{4})$/.exec(label)
  if (year) return { kind: 'year', year: Number(year[1]), part: 0 }
  const isoMonth = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(label)
  if (isoMonth) return { kind: 'month', year: Number(isoMonth[1]), part: Number(isoMonth[2]) - 1 }
  const named = /^(\p{L}{3,9})\.? (\d{4})$/u.exec(label)
  if (named) {
    const name = named[1]?.toLowerCase() ?? ''
    const part = months.findIndex(
      month => month.toLowerCase() === name || month.slice(0, 3).toLowerCase() === name,
    )
    return part < 0 ? undefined : { kind: 'month', year: Number(named[2]), part }
  }
  return readPart(label, 'Q', 4, 'quarter') ?? readPart(label, 'W', 53, 'week')
}

/** "Q1 2027", "2027 Q1", "2027-Q1", and so with W for weeks. */
function readPart(label: string, letter: string, most: number, kind: Kind): Period | undefined {
  const before = new RegExp(`^${letter}(\\d{1,2})[ -](\\d{4})$`, 'i').exec(label)
  const after = new RegExp(`^(\\d{4})[ -]?${letter}(\\d{1,2})$`, 'i').exec(label)
  const [year, part] = before ? [before[2], before[1]] : [after?.[1], after?.[2]]
  if (!year || !part || Number(part) < 1 || Number(part) > most) return undefined
  return { kind, year: Number(year), part: Number(part) - 1 }
}

function ordinal({ kind, year, part }: Period): number {
  return kind === 'day' ? part : year * 100 + part
}

type IsBorder = (period: Period, before: Period | undefined) => boolean

/** From the finest to the coarsest. Days are compared with the one before, so that a missing first of a month is no loss. */
function stepsOf(kind: Kind): IsBorder[] {
  const years = [1, 2, 5, 10, 20, 50, 100, 500].map(
    (step): IsBorder =>
      (period, before) =>
        period.year % step === 0 && before !== undefined && before.year !== period.year,
  )
  const every: IsBorder = () => true
  if (kind === 'year') return [every, ...years]
  if (kind === 'day') {
    const monthly = [1, 2, 3, 6].map(
      (step): IsBorder =>
        (period, before) =>
          monthOf(period) % step === 0 && before !== undefined && monthOf(before) !== monthOf(period),
    )
    // 1970-01-01 was a Thursday: day 4 was a Monday.
    return [
      every,
      period => (period.part - 4) % 7 === 0,
      period => (period.part - 4) % 14 === 0,
      ...monthly,
      ...years,
    ]
  }
  const parts = { month: [1, 3, 6], quarter: [1, 2], week: [1, 13, 26] }[kind]
  return [
    ...parts.map(
      (step): IsBorder =>
        period =>
          period.part % step === 0,
    ),
    ...years,
  ]
}

/** The first always; of the others not the one that would crowd it. */
function apartFromFirst(indexes: readonly number[]): number[] {
  const later = indexes.filter(index => index > 0)
  const [one = 0, two = Number.POSITIVE_INFINITY] = later
  return [0, ...(two - one !== Number.POSITIVE_INFINITY && one < 0.6 * (two - one) ? later.slice(1) : later)]
}

function plainMarks(labels: readonly string[]): PeriodMark[] {
  const longest = labels.reduce((most, label) => Math.max(most, label.length), 0)
  const most = Math.max(3, Math.min(mostMarks, Math.floor(100 / Math.max(8, Math.min(longest, 30)))))
  const step =
    [1, 2, 3, 4, 5, 6, 10, 12, 20, 25, 50, 100, 200, 400].find(each => labels.length / each <= most) ?? 400
  return labels.flatMap((label, index) =>
    index % step === 0 ? [{ index, top: label.replaceAll(/\s+/g, ' '), bottom: '' }] : [],
  )
}

function markText(period: Period): { top: string; bottom: string } {
  const year = String(period.year)
  if (period.kind === 'year') return { top: year, bottom: '' }
  return { top: shortText(period), bottom: year }
}

function shortText(period: Period): string {
  if (period.kind === 'quarter') return `Q${period.part + 1}`
  if (period.kind === 'week') return `W${String(period.part + 1).padStart(2, '0')}`
  const month = (months[monthOf(period) % 12] ?? '').slice(0, 3)
  return period.kind === 'month' ? month : `${dayOf(period)} ${month}`
}

function rowText(period: Period): PeriodRow {
  const year = String(period.year)
  if (period.kind === 'month') return { group: year, label: months[period.part] ?? '' }
  if (period.kind !== 'day') return { group: year, label: shortText(period) }
  const weekday = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'][((period.part % 7) + 7) % 7]
  return { group: `${months[monthOf(period) % 12]} ${year}`, label: `${weekday} ${dayOf(period)}` }
}

function fullText(period: Period): string {
  if (period.kind === 'year') return String(period.year)
  if (period.kind === 'month') return `${months[period.part]} ${period.year}`
  if (period.kind === 'day') return `${dayOf(period)} ${months[monthOf(period) % 12]} ${period.year}`
  return `${shortText(period)} ${period.year}`
}

function monthOf(period: Period): number {
  return period.kind === 'day'
    ? period.year * 12 + dateOf(period).getUTCMonth()
    : period.year * 12 + period.part
}

function dayOf(period: Period): number {
  return dateOf(period).getUTCDate()
}

function dateOf(period: Period): Date {
  return new Date(period.part * 86_400_000)
}
