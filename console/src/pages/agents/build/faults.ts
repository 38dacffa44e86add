import { isProblem } from '@roundhouse/sdk'

/** What the server found wrong, at the field that it names: `tools.0.url` is `['tools', '0', 'url']`. */
export type Fault = { path: string[]; message: string }

/** Undefined where no field is named. */
export function faultOf(error: unknown): Fault | undefined {
  if (!isProblem(error)) return undefined
  const [, named, message] = /^([a-z_]\w*(?:\.[\w-]+|\[\d+\])*): (.+)$/s.exec(error.message) ?? []
  if (named === undefined || message === undefined) return undefined
  return { path: named.split(/[.[\]]+/).filter(Boolean), message }
}

/** What is wrong at this very field, or within it. */
export function faultAt(fault: Fault | undefined, ...path: (string | number)[]): string | undefined {
  if (!fault || !path.every((part, index) => fault.path[index] === String(part))) return undefined
  const within = fault.path.slice(path.length).join('.')
  return within === '' ? fault.message : `${within}: ${fault.message}`
}

/** The fault as it is within what lies at `path`; undefined when it is elsewhere. */
export function faultWithin(fault: Fault | undefined, ...path: (string | number)[]): Fault | undefined {
  if (!fault || faultAt(fault, ...path) === undefined) return undefined
  return { path: fault.path.slice(path.length), message: fault.message }
}
