import type { ForecastReport } from '@roundhouse/sdk/contract'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Demand with a summer peak, three years of it, and eighteen months ahead. */
export const forecastExample: ForecastReport = {
  title: 'Electricity demand to June 2028',
  subtitle: 'Monthly forecast for the service area North',
  prepared_for: 'Northgrid Utilities',
  prepared_by: 'Planning & Analytics',
  date: '2026-12-04',
  reference: 'NG-2026-117',
  summary:
    'Demand is expected to grow by 2.5 % in 2027, about as fast as in the two years before. The summer peak falls into July and reaches 1,261 GWh; the interval around it is the widest of the year, because cooling depends on the weather more than on anything else.\n\nThe forecast for the first half of 2028 rests on the same growth and should be made anew when the census of heat pumps is there in spring.',
  key_figures: [
    { label: 'Demand in 2027', value: '12,842 GWh', note: '+2.5 % on 2026' },
    { label: 'Peak month', value: 'Jul 2027', note: '1,261 GWh' },
    { label: 'Error on held-out year', value: '1.9 %', note: 'MAPE, 2026' },
    { label: 'Interval coverage', value: '91 %', note: 'nominal 90 %' },
  ],
  measure: 'Electricity demand',
  unit: 'GWh',
  confidence: 0.9,
  history: Array.from({ length: 36 }, (_, index) => ({
    label: nameOf(2024, index),
    value: Math.round(demand(index) + 14 * Math.sin(index * 2.3)),
  })),
  forecast: Array.from({ length: 18 }, (_, index) => {
    const value = Math.round(demand(36 + index) * 10) / 10
    const spread = 22 + index * 3.1 + 18 * Math.max(0, Math.sin(((index - 3) * Math.PI) / 6))
    return {
      label: nameOf(2027, index),
      value,
      lower: Math.round((value - spread) * 10) / 10,
      upper: Math.round((value + spread * 1.1) * 10) / 10,
    }
  }),
  assumptions: [
    'Population of the service area grows by 0.8 % a year, as in the regional plan of 2025.',
    'Heat pumps: 14,000 more in 2027. Each thousand adds 0.9 GWh in January and 0.1 GWh in July.',
    'Temperatures follow the mean of 2012 to 2026; the interval contains the spread of these years.',
    'No new industrial customer above 20 MW is connected before July 2028.',
    'Prices stay within 10 % of those of the fourth quarter of 2026.',
  ],
  method:
    'Temporal fusion transformer with a 36-month window, trained on demand, temperature and calendar from 2012 to 2025 and tested on 2026, which it had not seen. The interval is the range from the 5 % to the 95 % quantile of the model.',
  note: 'Forecasts are estimates from past data and the assumptions above. They are no promise, and decisions that rest on them remain those of the reader.',
}

function demand(month: number): number {
  return (
    985 * 1.002 ** month + 150 * Math.sin(((month - 4) * Math.PI) / 6) + 60 * Math.cos((month * Math.PI) / 3)
  )
}

function nameOf(year: number, month: number): string {
  return `${months[month % 12]} ${year + Math.floor(month / 12)}`
}
