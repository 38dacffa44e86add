import { FLOAT, INT64, outputType } from './element-types.ts'
import { checkGrowth, mayGrow } from './growth.ts'
import {
  type ConstantFacts,
  readIntegers,
  readSparseTensor,
  readTensor,
  readText,
  refuse,
} from './inspect-tensor.ts'
import { readDeclaration } from './inspect-value.ts'
import { divides, dividesUnsafely } from './may-crash.ts'
import type { Wire } from './protobuf.ts'

/** The operators of one body (the main graph with its subgraphs, or a function) and how often it names each. */
export type Calls = Map<string, number>

/** What is known of the values of one body by name; a subgraph sees those of the graphs around it. */
export type Scope = {
  readonly constants: Map<string, readonly number[]>
  /** Every name made here, with its `TensorProto.DataType` as far as it is known. */
  readonly types: Map<string, number | undefined>
  /** What the file says of values that operators make here; the runtime refuses it where that is wrong. */
  readonly declared: Map<string, number | undefined>
  /** Values that hold nothing but dimensions. */
  readonly sizes: Set<string>
  readonly outer: Scope | undefined
}

export type Survey = {
  nodeCount: number
  /** A Dropout that may be in training mode. */
  dropsOut: boolean
  /** A division, or an attribute, that may end the process. */
  mayCrash: boolean
  /** Run when the whole file has been read: a constant may stand after the node that uses it. */
  readonly checks: (() => void)[]
}

type Attribute = {
  name: string
  /** Of a constant tensor. */
  elementType: number | undefined
  /** `i`, `ints`, or the numbers of a constant tensor. */
  numbers: readonly number[] | undefined
}

// Protobuf readers give up at 100 nested messages, and a subgraph takes three.
const maxDepth = 32

export function createScope(outer?: Scope): Scope {
  return { constants: new Map(), types: new Map(), declared: new Map(), sizes: new Set(), outer }
}

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
  const scope = createScope(outer)
  // Nodes come first in the file and need to know the types of what comes after them.
  wire.fields(start, end, field => {
    if (field.number === 5) keep(scope, readTensor(wire, field.start, field.end))
    else if (field.number === 11 || field.number === 12 || field.number === 13) {
      const { name, elementType } = readDeclaration(wire, field.start, field.end)
      const into = field.number === 11 ? scope.types : scope.declared
      if (into.get(name) === undefined) into.set(name, elementType)
    } else if (field.number === 15) readSparseTensor(wire, field.start, field.end)
  })
  wire.fields(start, end, field => {
    if (field.number === 1) readNode(wire, field.start, field.end, survey, calls, scope, depth)
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
  const outputs: string[] = []
  let type = ''
  let domain = ''
  wire.fields(start, end, field => {
    if (field.number === 1) inputs.push(readText(wire, field))
    else if (field.number === 2) outputs.push(readText(wire, field))
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
  const types = inputs.map(name => elementTypeOf(scope, name))
  const isSize = (position: number) =>
    scopeOf(scope, inputs[position] ?? '')?.sizes.has(inputs[position] ?? '') ?? false
  define(scope, operator, outputs, attributes, types, isSize(0))
  if (mayGrow(type)) survey.checks.push(() => checkGrowth(type, input, attribute))
  if (divides(operator)) {
    const elementType = outputType(operator, types, () => undefined) ?? elementTypeOf(scope, outputs[0] ?? '')
    survey.checks.push(() => {
      if (dividesUnsafely(elementType, input, isSize, attribute('fmod')?.[0])) survey.mayCrash = true
    })
  }
  // Divides by it (onnxruntime-node 1.30.0); the other operators with such an attribute look first.
  if (operator === ':ConvTranspose' && attribute('group')?.[0] === 0) survey.mayCrash = true
  if (type === 'Dropout' && (inputs[2] ?? '') !== '') {
    survey.checks.push(() => {
      if (input(2)?.[0] !== 0) survey.dropsOut = true
    })
  }
}

/** Notes what follows for the outputs of a node from its inputs. */
function define(
  scope: Scope,
  operator: string,
  outputs: readonly string[],
  attributes: readonly Attribute[],
  types: readonly (number | undefined)[],
  fromSize: boolean,
): void {
  const attribute = (name: string) => attributes.find(candidate => candidate.name === name)
  for (const name of outputs) scope.types.set(name, scope.declared.get(name))
  const first = outputs[0]
  if (first === undefined) return
  if (operator === ':Constant') {
    const given = attributes.find(
      ({ numbers, elementType }) => numbers !== undefined || elementType !== undefined,
    )
    keep(scope, { name: first, values: given?.numbers, elementType: given?.elementType })
    return
  }
  const type = outputType(operator, types, name => attribute(name)?.numbers?.[0])
  if (type !== undefined)
    for (const name of severalAlike.has(operator) ? outputs : [first]) scope.types.set(name, type)
  if (operator === ':Shape' || operator === ':Size' || (fromSize && sizesStay(operator, type)))
    scope.sizes.add(first)
}

/** Operators whose outputs are all of one type. */
const severalAlike = new Set([':Split', ':LSTM', ':GRU', ':RNN'])

/** Whether an operator on dimensions gives dimensions; a narrower type would turn large ones negative. */
function sizesStay(operator: string, type: number | undefined): boolean {
  return (
    /^:(?:Gather|Slice|Squeeze|Unsqueeze|Identity|Reshape)$/.test(operator) ||
    (operator === ':Cast' && type === INT64)
  )
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
  let elementType: number | undefined
  let integer: number | undefined
  const integers: number[] = []
  wire.fields(start, end, field => {
    if (field.number === 1) name = readText(wire, field)
    else if (field.number === 2 || field.number === 7) elementType = FLOAT
    else if (field.number === 3) integer = field.varint
    // Some writers leave out a 0; that it is an integer they always say.
    else if (field.number === 20 && field.varint === 2) integer ??= 0
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
  return { name, numbers, elementType: tensor?.elementType ?? elementType ?? (numbers && INT64) }
}

function keep(
  scope: Scope,
  constant: Pick<ConstantFacts, 'name' | 'values'> & { elementType: number | undefined },
): void {
  scope.types.set(constant.name, constant.elementType)
  if (constant.values !== undefined) scope.constants.set(constant.name, constant.values)
}

/** The scope that makes a name: the innermost. */
function scopeOf(scope: Scope | undefined, name: string): Scope | undefined {
  return scope === undefined || scope.types.has(name) ? scope : scopeOf(scope.outer, name)
}

function constant(scope: Scope, name: string): readonly number[] | undefined {
  return scopeOf(scope, name)?.constants.get(name)
}

function elementTypeOf(scope: Scope, name: string): number | undefined {
  return scopeOf(scope, name)?.types.get(name)
}
