/** Operators are written `domain:name`; the domain of ONNX itself is empty. */

/** Whether every run of the operator on the same inputs gives the same outputs. Dropout is judged by its node. */
export function isRandom(operator: string): boolean {
  return random.has(operator.slice(operator.indexOf(':') + 1))
}

/** Whether the cost of the operator, and the size of what it makes, follow from the shapes of its inputs alone. */
export function isBounded(operator: string): boolean {
  return bounded.has(operator)
}

// By name in whatever domain: com.microsoft has its own variants of some.
const random = new Set(
  `RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial Sampling PhiloxGenerator
  BiasDropout BitmaskDropout BitmaskBiasDropout`.split(/\s+/),
)

// What is missing here is only slower to serve, not refused: no loops and branches, nothing that makes its output
// size from values (Expand, Tile, Range, ConstantOfShape, Pad, Resize, OneHot, NonZero), no strings, whose length no shape tells.
const bounded = new Set([
  ...`Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd
  BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Concat Constant Conv ConvInteger Cos Cosh CumSum
  DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Flatten Floor GRU Gather
  GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization
  HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less
  LessOrEqual Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization
  Min Mish Mod Mul Neg Not Or PRelu Pow QLinearConv QLinearMatMul QuantizeLinear RNN Reciprocal ReduceL1 ReduceL2
  ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round
  RMSNormalization Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
  Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu TopK Transpose Trilu Unsqueeze Where Xor`
    .split(/\s+/)
    .map(name => `:${name}`),
  ...`ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor
  Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor`
    .split(/\s+/)
    .map(name => `ai.onnx.ml:${name}`),
])
