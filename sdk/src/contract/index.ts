export { isProblem, Problem, type ProblemOptions } from './problem.ts'
export { type ProblemCode, type ProblemDefinition, problemCodes } from './problem-codes.ts'
export { bytesPerElement, type Datatype, datatypes } from '../tensors/datatype.ts'
export type { Signature, Tensor, TensorData, TensorSpec } from '../tensors/tensor.ts'
