/**
 * The element type of the first output of an operator, as far as it follows from the operator alone: `TensorProto.DataType`,
 * undefined when unknown. Only enough to tell reals from integers where something is divided.
 * @param inputs The element types of the inputs in their order.
 * @param attribute The first number of an attribute.
 */
export function outputType(
  operator: string,
  inputs: readonly (number | undefined)[],
  attribute: (name: string) => number | undefined,
): number | undefined {
  if (operator === ':Cast') return attribute('to')
  const fixed = fixedTypes.get(operator)
  if (fixed !== undefined) return fixed
  const position = likeInput.get(operator)
  if (position !== undefined) return inputs[position]
  return likeAnyInput.has(operator) ? inputs.find(type => type !== undefined) : undefined
}

/** `TensorProto.DataType` */
export const FLOAT = 1
export const INT32 = 6
export const INT64 = 7
const BOOL = 9

const main = (names: string) => names.split(/\s+/).map(name => `:${name}`)
const ml = (names: string) => names.split(/\s+/).map(name => `ai.onnx.ml:${name}`)
const microsoft = (names: string) => names.split(/\s+/).map(name => `com.microsoft:${name}`)

// All inputs but shapes and indices are of one type, which the output has too.
const likeAnyInput = new Set(
  main(`Add Sub Mul Div Mod Min Max Sum Mean MatMul Gemm Conv ConvTranspose PRelu Concat BatchNormalization
  LayerNormalization InstanceNormalization GroupNormalization RMSNormalization RNN GRU LSTM`),
)

const likeInput: ReadonlyMap<string, number> = new Map([
  ...[
    ...main(`Abs Acos Acosh Asin Asinh Atan Atanh AveragePool BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil
    Celu CenterCropPad Clip Compress Cos Cosh CumSum DepthToSpace Dropout Einsum Elu Erf Exp Expand Flatten Floor Gather
    GatherElements GatherND Gelu GlobalAveragePool GlobalMaxPool GridSample HardSigmoid HardSwish Hardmax Identity LRN
    LeakyRelu Log LogSoftmax LpNormalization LpPool MaxPool MeanVarianceNormalization Mish Neg Pad Pow Range Reciprocal
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
    Relu Reshape Resize ReverseSequence Round Scatter ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Slice
    Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu
    Unique Unsqueeze Upsample`),
    ...ml('ArrayFeatureExtractor Binarizer Imputer'),
    ...microsoft('BiasGelu FastGelu FusedConv FusedGemm FusedMatMul Gelu QuickGelu SkipLayerNormalization'),
  ].map((operator): [string, number] => [operator, 0]),
  ...main('Where CastLike DequantizeLinear').map((operator): [string, number] => [operator, 1]),
  [':OneHot', 2],
])

const fixedTypes: ReadonlyMap<string, number> = new Map([
  ...main('Shape Size NonZero ArgMax ArgMin NonMaxSuppression').map((name): [string, number] => [
    name,
    INT64,
  ]),
  ...main('And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf').map(
    (name): [string, number] => [name, BOOL],
  ),
  ...ml(
    'FeatureVectorizer LinearRegressor Normalizer OneHotEncoder SVMRegressor Scaler TreeEnsembleRegressor',
  ).map((name): [string, number] => [name, FLOAT]),
])
