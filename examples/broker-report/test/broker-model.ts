import type { Script, UpstreamRequest } from '../../../server/src/testing/llm-upstream.ts'
import { calling } from '../../../server/src/testing/obedient-model.ts'

type Message = { role: string; content: string | null; tool_call_id?: string }
type Property = { address: string; months: string[]; values: number[]; next_months: string[] }
type Forecast = { value: number[][]; lower: number[][]; upper: number[][] }

/** Answers as a language model that keeps to the prompt of the desk: reads what tools told it, and asks for what it lacks. */
export function brokerModel({ body }: UpstreamRequest): Script {
  const { messages } = body as { messages: Message[] }
  const last = messages.findLastIndex(({ role }) => role === 'user')
  const told = (id: string) =>
    messages.slice(last).find(({ tool_call_id }) => tool_call_id === id)?.content ?? undefined
  const asked = messages.flatMap(({ role, content }) => (role === 'user' ? [content ?? ''] : []))

  const found = told('property')
  if (found === undefined) {
    const words = asked.map(text => /Seestrasse \d+|Lindenweg \d+/.exec(text)?.[0]).findLast(Boolean)
    return call('property', { words: words ?? '' })
  }
  if (!found.startsWith('[')) return say(`I found nothing: ${found}`)
  const [property] = JSON.parse(found) as [Property]
  const forecastText = told('price-forecast')
  if (forecastText === undefined) return call('price-forecast', { values: [property.values] })
  const forecast = JSON.parse(forecastText.slice(forecastText.indexOf('{'))) as Forecast
  if (!/report/i.test(asked.at(-1) ?? ''))
    return say(
      `${property.address} will be worth about ${thousands(forecast.value)} in ${property.next_months.at(-1)}, ` +
        `between ${thousands(forecast.lower)} and ${thousands(forecast.upper)}.`,
    )
  const report = told('report')
  if (report === undefined) return call('report', reportOf(property, forecast))
  return say(`Here it is: ${(JSON.parse(report) as { url: string }).url}`)
}

function reportOf({ address, months, values, next_months }: Property, forecast: Forecast): object {
  const at = (numbers: number[][], index: number) => Math.round(numbers[0]?.[index] ?? 0)
  return {
    title: `${address}: value in six months`,
    unit: 'EUR',
    confidence: 0.9,
    summary: 'What the market of the last two years lets one expect.',
    history: months.map((label, index) => ({ label, value: values[index] })),
    forecast: next_months.map((label, index) => ({
      label,
      value: at(forecast.value, index),
      lower: at(forecast.lower, index),
      upper: at(forecast.upper, index),
    })),
  }
}

function thousands(numbers: number[][]): string {
  return `EUR ${Math.round((numbers[0]?.at(-1) ?? 0) / 1000)},000`
}

function call(name: string, args: object): Script {
  return { chunks: calling([{ name, args: JSON.stringify(args), id: name }]) }
}

/** In pieces, as models write. */
function say(text: string): Script {
  const chunk = (delta: object, finish: string | null = null) =>
    JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })
  const pieces = text.match(/.{1,12}/gs) ?? []
  return { chunks: [...pieces.map(content => chunk({ content })), chunk({}, 'stop')] }
}
