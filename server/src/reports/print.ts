import type { conversationTranscript, forecastReport, predictionBatchSummary } from '@roundhouse/sdk/contract'
import type { z } from 'zod'
import { valueAxis } from './axis.ts'
import { reportColours } from './colours.ts'
import { printColumns } from './columns.ts'
import { uncommonLetters } from './letters.ts'
import { readMarkdown, readPlain } from './markdown.ts'
import { numberStyle, percentText } from './numbers.ts'
import { periodMarks, periodRows, spanText } from './periods.ts'
import { dayText, momentTexts, rangeText, zoneText } from './times.ts'

// What the templates print, made of what the report was given: numbers, dates and Markdown are read here, where they can be
// tested, and the template places them.

type Cover = { accent?: string | undefined; date?: string | undefined }

export function printForecast(data: z.output<typeof forecastReport>) {
  const { history, forecast } = data
  const band = forecast.flatMap(({ lower, upper }) =>
    lower === undefined || upper === undefined ? [] : [lower, upper],
  )
  const last = history.at(-1)?.value
  const shown = [...forecast.map(point => point.value), ...band, ...(last === undefined ? [] : [last])]
  const style = numberStyle(shown, data.decimals)
  const labels = forecast.map(point => point.label)
  const allLabels = [...history.map(point => point.label), ...labels]
  const rows = periodRows(labels)
  return {
    ...data,
    print: {
      ...common(data),
      interval: data.confidence === undefined ? null : `${Number((data.confidence * 100).toPrecision(6))}%`,
      span: spanText(labels),
      history_span: history.length > 0 ? spanText(history.map(point => point.label)) : null,
      axis: valueAxis([...history.map(point => point.value), ...forecast.map(point => point.value), ...band]),
      marks: periodMarks(allLabels),
      rows: forecast.map((point, index) => {
        const before = index === 0 ? last : forecast[index - 1]?.value
        return {
          group: rows?.[index]?.group ?? null,
          label: rows?.[index]?.label ?? point.label,
          value: style.text(point.value),
          // Of the numbers as they are printed, so that whoever adds them up finds the same.
          change:
            before === undefined ? null : style.signed(style.printed(point.value) - style.printed(before)),
          lower: point.lower === undefined ? null : style.text(point.lower),
          upper: point.upper === undefined ? null : style.text(point.upper),
        }
      }),
    },
  }
}

export function printBatch(data: z.output<typeof predictionBatchSummary>) {
  const { totals, period, duration_ms: durations, table } = data
  const count = numberStyle([0], 0).text
  const succeeded = totals.predictions - totals.failed
  const part = (label: string, value: number) => ({
    label,
    value: count(value),
    note: percentText(value, totals.predictions),
  })
  const kinds = [
    ['Half within', durations?.p50],
    ['95% within', durations?.p95],
    ['99% within', durations?.p99],
    ['Longest', durations?.max],
  ] as const
  const times = kinds.flatMap(([label, ms]) => (ms === undefined ? [] : [{ label, ms }]))
  const milliseconds = numberStyle(times.map(each => each.ms))
  return {
    ...data,
    print: {
      ...common(data),
      period: period ? rangeText(period.from, period.to, data.time_zone) : null,
      totals: [
        { label: 'Predictions', value: count(totals.predictions) },
        part('Succeeded', succeeded),
        part('Failed', totals.failed),
        ...(totals.cached === undefined ? [] : [part('From the cache', totals.cached)]),
      ],
      durations: times.map(({ label, ms }) => ({ label, value: `${milliseconds.text(ms)}\u{a0}ms` })),
      distributions: data.distributions.map(({ title, items }) => {
        const style = numberStyle(items.map(item => item.value))
        const total = items.reduce((sum, item) => sum + item.value, 0)
        const most = items.reduce((largest, item) => Math.max(largest, item.value), 0)
        return {
          title,
          items: items.map(({ label, value }) => ({
            label,
            value: style.text(value),
            percent: percentText(value, total),
            length: most === 0 ? 0 : value / most,
          })),
        }
      }),
      errors: data.errors.map(error => ({ message: error.message, count: count(error.count) })),
      table: table ? printColumns(table.columns, table.rows) : null,
      left_out: table?.left_out ? count(table.left_out) : null,
    },
  }
}

export function printTranscript(data: z.output<typeof conversationTranscript>) {
  const { messages, time_zone: timeZone, ...rest } = data
  const timed = messages.filter(message => message.at !== undefined)
  const moments = momentTexts(
    timed.map(message => message.at ?? ''),
    timeZone,
  )
  const momentOf = new Map(timed.map((message, index) => [message, moments[index]]))
  return {
    ...rest,
    print: {
      ...common(data),
      count: numberStyle([0], 0).text(messages.length),
      zone: timed.length > 0 ? zoneText(timeZone) : null,
    },
    messages: messages.map(message => ({
      role: message.role,
      name: message.name,
      ...momentOf.get(message),
      blocks:
        message.role === 'user' || message.role === 'assistant'
          ? readMarkdown(message.text)
          : readPlain(message.text),
    })),
  }
}

function common(data: Cover) {
  return {
    colours: reportColours(data.accent),
    date: data.date === undefined ? null : dayText(data.date),
    letters: uncommonLetters(data),
  }
}
