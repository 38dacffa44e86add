import { checkGrowth, mayGrow } from './growth.ts'
import {
  type ConstantFacts,
  readIntegers,
  readSparseTensor,
  readTensor,
  readText,
  refuse,
} from './inspect-tensor.ts'
import type { Wire } from './protobuf.ts'

/** The operators of one body (the main graph with its subgraphs, or a function) and how often it names each. */
export type Calls = Map<string, number>

/** Constants by name; a subgraph sees those of the graphs around it. */
export type Scope = { readonly constants: Map<string, readonly number[]>; readonly outer: Scope | undefined }

export type Survey = {
  nodeCount: number
  /** A Dropout that may be in training mode. */
  dropsOut: boolean
  /** Run when the whole file has been read: a constant may stand after the node that uses it. */
  readonly checks: (() => void)[]
}

type Attribute = {
  name: string
  /** `i`, `ints`, or the numbers of a constant tensor. */
  numbers: readonly number[] | undefined
}

// Protobuf readers give up at 100 nested messages, and a subgraph takes three.
const maxDepth = 32

/** Reads the nodes, constants and subgraphs of a `GraphProto`. */
export function readGraph(
  wire: Wire,
  start: number,
  end: number,
  survey: Survey,
  calls: Calls,
  outer?: Scope,
  depth = 0,
): void {
  if (depth > maxDepth) throw refuse(`The graph nests more than ${maxDepth} subgraphs in each other.`)
  const scope: Scope = { constants: new Map(), outer }
  wire.fields(start, end, field => {
    if (field.number === 1) readNode(wire, field.start, field.end, survey, calls, scope, depth)
    else if (field.number === 5) keep(scope, readTensor(wire, field.start, field.end))
    else if (field.number === 15) readSparseTensor(wire, field.start, field.end)
  })
}

/** Reads one `NodeProto` of a graph or a function. */
export function readNode(
  wire: Wire,
  start: number,
  end: number,
  survey: Survey,
  calls: Calls,
  scope: Scope,
  depth: number,
): void {
  const inputs: string[] = []
  const attributes: Attribute[] = []
  let output = ''
  let type = ''
  let domain = ''
  wire.fields(start, end, field => {
    if (field.number === 1) inputs.push(readText(wire, field))
    else if (field.number === 2 && output === '') output = readText(wire, field)
    else if (field.number === 4) type = readText(wire, field)
    else if (field.number === 5)
      attributes.push(readAttribute(wire, field.start, field.end, survey, calls, scope, depth))
    else if (field.number === 7) domain = readText(wire, field)
  })
  const operator = operatorName(domain, type)
  survey.nodeCount++
  calls.set(operator, (calls.get(operator) ?? 0) + 1)

  const attribute = (name: string) => attributes.find(candidate => candidate.name === name)?.numbers
  const input = (position: number) => constant(scope, inputs[position] ?? '')
  if (operator === ':Constant')
    keep(scope, { name: output, values: attributes.find(({ numbers }) => numbers !== undefined)?.numbers })
  if (mayGrow(type)) survey.checks.push(() => checkGrowth(type, input, attribute))
  if (type === 'Dropout' && (inputs[2] ?? '') !== '') {
    survey.checks.push(() => {
      if (input(2)?.[0] !== 0) survey.dropsOut = true
    })
  }
}

/** `domain:name`, where ONNX's own domain has two spellings. */
export function operatorName(domain: string, type: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}:${type}`
}

/** Reads one `AttributeProto`, with the tensors and graphs in it. */
export function readAttribute(
  wire: Wire,
  start: number,
  end: number,
  survey: Survey,
  calls: Calls,
  scope: Scope,
  depth: number,
): Attribute {
  let name = ''
  let tensor: ConstantFacts | undefined
  let integer: number | undefined
  const integers: number[] = []
  wire.fields(start, end, field => {
    if (field.number === 1) name = readText(wire, field)
    else if (field.number === 3) integer = field.varint
    else if (field.number === 5) {
      if (tensor !== undefined) throw refuse(`The attribute ${name} has two values.`)
      tensor = readTensor(wire, field.start, field.end)
    } else if (field.number === 10) readTensor(wire, field.start, field.end)
    else if (field.number === 6 || field.number === 11) {
      readGraph(wire, field.start, field.end, survey, calls, scope, depth + 1)
    } else if (field.number === 8) readIntegers(wire, field, integers, 64)
    else if (field.number === 22 || field.number === 23) readSparseTensor(wire, field.start, field.end)
  })
  const numbers =
    tensor?.values ?? (integers.length > 0 ? integers : integer === undefined ? undefined : [integer])
  return { name, numbers }
}

function keep(scope: Scope, { name, values }: ConstantFacts): void {
  if (values !== undefined) scope.constants.set(name, values)
}

function constant(scope: Scope | undefined, name: string): readonly number[] | undefined {
  return scope === undefined || name === ''
    ? undefined
    : (scope.constants.get(name) ?? constant(scope.outer, name))
}
