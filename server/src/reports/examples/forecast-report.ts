import type { ForecastReport } from '@roundhouse/sdk/contract'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** GWh by month. */
const of2026 = [1018, 936, 947, 902, 941, 1064, 1168, 1139, 988, 962, 985, 1047]
/** From the forecast down to its 5% quantile, in GWh. */
const spreads = [22, 25, 29, 33, 42, 51, 61, 58, 50, 48, 50, 53, 57, 60, 64, 68, 76, 84]

/** Demand with peaks in summer and winter: three years of it, and eighteen months ahead. */
export const forecastExample: ForecastReport = {
  title: 'Electricity demand to June 2028',
  subtitle: 'Monthly forecast for the service area North',
  prepared_for: 'Northgrid Utilities',
  prepared_by: 'Planning & Analytics',
  date: '2027-01-11',
  reference: 'NG-2027-004',
  summary:
    'Demand is expected to grow by 2.5% in 2027, about as fast as in the two years before. The summer peak falls into July and reaches 1,197 GWh; the interval around it is the widest of the year, because cooling depends on the weather more than on anything else.\n\nThe forecast for the first half of 2028 rests on the same growth and should be made anew when the census of heat pumps is there in spring.',
  key_figures: [
    { label: 'Demand in 2027', value: '12,400 GWh', note: '+2.5% on 2026' },
    { label: 'Peak month', value: 'July 2027', note: '1,197 GWh' },
    { label: 'Error on held-out year', value: '1.9%', note: 'MAPE, 2026' },
    { label: 'Interval coverage', value: '91%', note: 'nominal 90%' },
  ],
  measure: 'Electricity demand',
  unit: 'GWh',
  confidence: 0.9,
  history: [2024, 2025, 2026].flatMap((year, years) =>
    of2026.map((value, month) => ({
      label: `${months[month]} ${year}`,
      // Of the years before, 2.5% less each, and the weather.
      value:
        year === 2026
          ? value
          : Math.round(value * (1 + 0.025 * (years - 2)) + 14 * Math.sin(month * 2.3 + years)),
    })),
  ),
  forecast: spreads.map((spread, index) => {
    const value = Math.round((of2026[index % 12] ?? 0) * (index < 12 ? 1.025 : 1.05))
    const label = `${months[index % 12]} ${index < 12 ? 2027 : 2028}`
    return { label, value, lower: value - spread, upper: value + Math.round(spread * 1.1) }
  }),
  assumptions: [
    'Population of the service area grows by 0.8% a year, as in the regional plan of 2025.',
    'Heat pumps: 14,000 more in 2027. Each thousand adds 0.9 GWh in January and 0.1 GWh in July.',
    'Temperatures follow the mean of 2012 to 2026; the interval contains the spread of these years.',
    'No new industrial customer above 20 MW is connected before July 2028.',
    'Prices stay within 10% of those of the fourth quarter of 2026.',
  ],
  method:
    'Temporal fusion transformer with a 36-month window, trained on demand, temperature and calendar from 2012 to 2025 and tested on 2026, which it had not seen. The interval is the range from the 5% to the 95% quantile of the model.',
  note: 'Forecasts are estimates from past data and the assumptions above. They are no promise, and decisions that rest on them remain those of the reader.',
}
