import type { PredictionBatchSummary } from '@roundhouse/sdk/contract'

const regions = ['North', 'South', 'East', 'West']

/** A night's run of a model over the customers. */
export const batchExample: PredictionBatchSummary = {
  title: 'Churn scores, night of 20 November',
  subtitle: 'All active customers, scored for the retention team',
  prepared_for: 'Customer retention',
  prepared_by: 'Data platform',
  date: '2026-11-21',
  reference: 'batch-20261120-2200',
  summary:
    'Of 48,210 customers 48,193 were scored; 15 rows had no contract date and 2 a fee that the model does not know. 3,114 customers lie above the threshold of 0.7, about as many as last week.',
  model: { name: 'churn-gbm', version: '14' },
  period: { from: '2026-11-20T22:00:00Z', to: '2026-11-20T22:06:41Z' },
  totals: { predictions: 48_210, failed: 17, cached: 1204 },
  duration_ms: { p50: 0.82, p95: 2.4, p99: 7.13, max: 41.6 },
  distributions: [
    {
      title: 'Customers by score',
      items: [
        { label: '0.0 to 0.1', value: 21_840 },
        { label: '0.1 to 0.3', value: 13_077 },
        { label: '0.3 to 0.5', value: 6480 },
        { label: '0.5 to 0.7', value: 3682 },
        { label: '0.7 to 0.9', value: 2311 },
        { label: '0.9 to 1.0', value: 803 },
      ],
    },
    {
      title: 'Above the threshold by region',
      items: [
        { label: 'North', value: 1120 },
        { label: 'South', value: 871 },
        { label: 'East', value: 690 },
        { label: 'West', value: 433 },
      ],
    },
  ],
  errors: [
    { message: 'contract_start is missing', count: 15 },
    { message: 'monthly_fee lies outside of what the model was trained on (0 to 4,000)', count: 2 },
  ],
  table: {
    columns: ['Customer', 'Region', 'Score', 'Change', 'Months', 'Reason that weighs most'],
    rows: Array.from({ length: 60 }, (_, index) => [
      `C-${104_220 + index * 37}`,
      regions[index % 4] ?? '',
      Math.round((0.994 - index * 0.0042) * 1000) / 1000,
      Math.round(Math.sin(index * 1.7) * 80) / 1000,
      index % 7 === 3 ? null : 3 + ((index * 11) % 60),
      ['Two complaints in 30 days', 'Price rise in October', 'Usage halved', 'Contract ends in December'][
        index % 4
      ] ?? '',
    ]),
    left_out: 48_133,
  },
  note: 'Scores are probabilities within 90 days. The threshold of 0.7 was set in March 2026 with the retention team.',
}
