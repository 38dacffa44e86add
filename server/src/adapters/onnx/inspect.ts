import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { isProblem } from '@roundhouse/sdk/contract'
import type { ModelFacts } from '../../ports/model-runtime.ts'
import { expandedNodes } from './functions.ts'
import {
  type Calls,
  createScope,
  operatorName,
  readAttribute,
  readGraph,
  readNode,
  type Survey,
} from './inspect-graph.ts'
import { readText, refuse } from './inspect-tensor.ts'
import { readSpecs } from './inspect-value.ts'
import { lookAlike } from './look-alike.ts'
import { operatorsMayCrash, operatorsTakeEmpty } from './may-crash.ts'
import { isBounded, isRandom } from './operators.ts'
import { createWire, type Field, type Wire } from './protobuf.ts'

/**
 * Reads an ONNX file (onnx/onnx.proto, `ModelProto`) without trusting it: nothing native sees it, no path in it is
 * opened, and no more than a few names and shapes are held in memory. Blocks its thread.
 * @throws Problem `invalid-model` with the reason.
 */
export function inspectOnnx(path: string): ModelFacts {
  const file = openRegular(path)
  try {
    const head = Buffer.alloc(64)
    return inspectOpened(
      file.descriptor,
      file.sizeBytes,
      head.subarray(0, readSync(file.descriptor, head, 0, 64, 0)),
    )
  } finally {
    closeSync(file.descriptor)
  }
}

// Protobuf cannot hold more in one message.
const maxSizeBytes = 2 ** 31 - 1

function openRegular(path: string): { descriptor: number; sizeBytes: number } {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer. Windows knows neither flag.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') throw notRegular()
    throw error
  }
  const stat = fstatSync(descriptor)
  if (stat.isFile() && stat.nlink === 1 && stat.size > 0 && stat.size <= maxSizeBytes) {
    return { descriptor, sizeBytes: stat.size }
  }
  closeSync(descriptor)
  if (!stat.isFile() || stat.nlink !== 1) throw notRegular()
  if (stat.size === 0) throw refuse('The file is empty.')
  throw refuse(`The file has ${stat.size} bytes; an ONNX file holds at most ${maxSizeBytes}.`)
}

function notRegular() {
  return refuse('The model must be a regular file of its own, not a link, a folder or a device.')
}

type Parts = {
  irVersion: number
  hasGraph: boolean
  opsets: string[]
  names: Map<string, string>
  metadata: Map<string, string>
}

function inspectOpened(descriptor: number, sizeBytes: number, head: Buffer): ModelFacts {
  const wire = createWire(descriptor, sizeBytes)
  const survey: Survey = { nodeCount: 0, dropsOut: false, mayCrash: false, checks: [] }
  const calls: Calls = new Map()
  const functions = new Map<string, Calls>()
  const parts: Parts = { irVersion: 0, hasGraph: false, opsets: [], names: new Map(), metadata: new Map() }
  try {
    wire.fields(0, sizeBytes, field => readModelField(wire, field, parts, survey, calls, functions))
  } catch (error) {
    if (isProblem(error) && parts.irVersion === 0) throw notOnnx(head)
    throw error
  }
  if (parts.irVersion === 0 || (!parts.hasGraph && parts.opsets.length === 0)) throw notOnnx(head)
  if (!parts.hasGraph) throw refuse('The file is truncated or damaged: it has no graph. Send it again.')
  if (parts.opsets.length === 0)
    throw refuse('The file names no opset, so no one can tell what its operators mean.')
  for (const check of survey.checks) check()
  const nodes = expandedNodes(calls, functions)

  const operators = [calls, ...functions.values()]
    .flatMap(body => [...body.keys()])
    .filter(name => !functions.has(name))
  const facts = new Map(parts.metadata)
  for (const [name, text] of parts.names) facts.set(name, text)
  facts.set('ir_version', String(parts.irVersion))
  facts.set('opset', parts.opsets.join(', '))
  facts.set('nodes', String(nodes))
  return {
    format: 'onnx',
    properties: Object.fromEntries(facts),
    deterministic: !survey.dropsOut && !operators.some(isRandom),
    boundedCost: operators.every(isBounded),
    mayCrash: survey.mayCrash || operatorsMayCrash(operators),
    takesEmpty: operatorsTakeEmpty(operators),
  }
}

function notOnnx(head: Buffer) {
  const found = lookAlike(head)
  const got =
    found === undefined
      ? 'The file is not an ONNX model'
      : `The file is not an ONNX model: it looks like ${found}`
  return refuse(`${got}. Export the model to ONNX and send the .onnx file.`)
}

const textFields: Readonly<Record<number, string>> = {
  2: 'producer',
  3: 'producer_version',
  4: 'domain',
  6: 'doc',
}

function readModelField(
  wire: Wire,
  field: Field,
  parts: Parts,
  survey: Survey,
  calls: Calls,
  functions: Map<string, Calls>,
): void {
  const textName = textFields[field.number]
  if (field.number === 1) {
    if (field.wire !== 0 || field.varint < 1) throw refuse('The file has no ONNX version.')
    parts.irVersion = field.varint
  } else if (textName !== undefined) {
    keepText(parts.names, textName, wire, field)
  } else if (field.number === 5 && field.wire === 0) {
    if (field.varint !== 0) parts.names.set('model_version', String(field.varint))
  } else if (field.number === 7) {
    // Readers merge a message that comes twice into one that neither was.
    if (parts.hasGraph) throw refuse('The file has two graphs.')
    parts.hasGraph = true
    readGraph(wire, field.start, field.end, survey, calls)
    readSpecs(wire, field.start, field.end, name => parts.names.set('graph', name))
  } else if (field.number === 8) {
    parts.opsets.push(readOpset(wire, field))
  } else if (field.number === 14) {
    readMetadata(wire, field, parts.metadata)
  } else if (field.number === 20) {
    // TrainingInfoProto: not run here, but its constants may point outside like any other.
    wire.fields(field.start, field.end, part => {
      if (part.number === 1 || part.number === 2) readGraph(wire, part.start, part.end, survey, calls)
    })
  } else if (field.number === 25) {
    readFunction(wire, field, survey, functions)
  }
}

function readOpset(wire: Wire, field: Field): string {
  let domain = ''
  let version = 0
  wire.fields(field.start, field.end, part => {
    if (part.number === 1) domain = readText(wire, part)
    if (part.number === 2) version = part.varint
  })
  return `${domain === '' ? 'ai.onnx' : domain} ${version}`
}

function readMetadata(wire: Wire, field: Field, metadata: Map<string, string>): void {
  const entry = new Map<string, string>()
  wire.fields(field.start, field.end, part => {
    if (part.number === 1) keepText(entry, 'key', wire, part)
    if (part.number === 2) keepText(entry, 'value', wire, part)
  })
  const key = entry.get('key')
  const text = entry.get('value')
  if (metadata.size < 64 && key !== undefined && text !== undefined) metadata.set(key, text)
}

// Text for people: what is longer than 16 KiB is left out, and the zero character, which PostgreSQL text cannot hold.
function keepText(into: Map<string, string>, name: string, wire: Wire, field: Field): void {
  if (field.wire !== 2 || field.end === field.start || field.end - field.start > 16_384) return
  into.set(name, wire.bytes(field.start, field.end).toString('utf8').replaceAll('\0', '\ufffd'))
}

function readFunction(wire: Wire, field: Field, survey: Survey, functions: Map<string, Calls>): void {
  const calls: Calls = new Map()
  const scope = createScope()
  let name = ''
  let domain = ''
  wire.fields(field.start, field.end, part => {
    if (part.number === 1) name = readText(wire, part)
    else if (part.number === 7) readNode(wire, part.start, part.end, survey, calls, scope, 0)
    else if (part.number === 10) domain = readText(wire, part)
    else if (part.number === 11) readAttribute(wire, part.start, part.end, survey, calls, scope, 0)
  })
  functions.set(operatorName(domain, name), calls)
}
