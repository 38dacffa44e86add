import { elementTypes, floats, graph, integers, model, node, value } from './writer.ts'

/** `apple` and `pear`; any other word is nothing. */
const table = floats('table', [3, 4], Float32Array.from([0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 2]))

/**
 * Adds up the vectors of the words of a text: `text` BYTES [N] -> `vector` FP32 [N,4], with `apple` = [3,4,0,0],
 * `pear` = [0,0,0,2] and nothing for any other.
 */
export function bagOfWordsModel(): Uint8Array {
  const words = {
    keys_strings: { strings: ['apple', 'pear'] },
    values_int64s: { ints: [1, 2] },
    default_int64: { int: 0 },
  }
  return model(
    graph({
      nodes: [
        node('StringSplit', ['text'], ['words', 'counts'], { delimiter: { string: ' ' } }),
        node('LabelEncoder', ['words'], ['numbers'], words, 'ai.onnx.ml'),
        node('Gather', ['table', 'numbers'], ['vectors']),
        node('ReduceSum', ['vectors', 'second'], ['vector'], { keepdims: { int: 0 } }),
      ],
      inputs: [value('text', 'BYTES', ['N'])],
      outputs: [value('vector', 'FP32', ['N', 4])],
      initializers: [table, integers('second', [1])],
    }),
    {},
    {
      ir_version: 9,
      opset_import: [
        { domain: '', version: 20 },
        { domain: 'ai.onnx.ml', version: 3 },
      ],
    },
  )
}

/**
 * One vector for each token, as transformers have it: `input_ids`, `attention_mask` and `token_type_ids` INT64 [N,T] ->
 * `last_hidden_state` FP32 [N,T,4], of token 1 [3,4,0,0], of token 2 [0,0,0,2], and `pooler_output` FP32 [N,4], which is
 * something else. Tokens that are masked, or not of type 0, show in the first.
 */
export function tokenModel(): Uint8Array {
  const noise = floats('noise', [2, 4], Float32Array.from([0, 0, 0, 0, 100, 200, 300, 400]))
  return model(
    graph({
      nodes: [
        node('Gather', ['table', 'input_ids'], ['words']),
        node('Gather', ['noise', 'token_type_ids'], ['types']),
        node('Add', ['words', 'types'], ['sum']),
        node('Cast', ['attention_mask'], ['mask'], { to: { int: elementTypes.FP32 } }),
        node('Unsqueeze', ['mask', 'third'], ['wide_mask']),
        node('Mul', ['sum', 'wide_mask'], ['last_hidden_state']),
        node('ReduceMax', ['types'], ['pooler_output'], { axes: { ints: [1] }, keepdims: { int: 0 } }),
      ],
      inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map(name => value(name, 'INT64', ['N', 'T'])),
      outputs: [value('last_hidden_state', 'FP32', ['N', 'T', 4]), value('pooler_output', 'FP32', ['N', 4])],
      initializers: [table, noise, integers('third', [2])],
    }),
  )
}
