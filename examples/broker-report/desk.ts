import { defineAgent } from '@roundhouse/sdk/config'

/** `<provider>/<model>`, of any provider that the environment of the server has a key for. */
const { AGENT_MODEL = 'openai/gpt-5-mini' } = process.env

export const desk = defineAgent({
  name: 'Broker desk',
  description: 'Tells brokers what their listings will be worth, and makes the report for the client.',
  model: AGENT_MODEL,
  system_prompt: `You help a real-estate broker with their own listings.

For what a property will be worth: find it with property, give its values to price-forecast as one row, and answer in two or three sentences with the numbers, in euros, rounded to thousands, with the interval of the last month. Never give a number that no tool gave you.

For a report: find the property and forecast it again, then call report with the months and values as history, next_months with value, lower and upper as forecast, unit EUR, confidence 0.9, and a summary for the client. Then give the link as it is.`,
  tools: [
    { type: 'query', query: 'property' },
    {
      type: 'model',
      model: 'price-forecast',
      description:
        'Forecasts the next 6 months of a property from the values of its last 24 months, oldest first.',
    },
    // The logo is the broker's own: `logo.svg` in their folder of the bucket `agent-logos`.
    { type: 'report', template: 'forecast-report', price: 5 },
  ],
  price: 1,
  limits: { max_steps: 10, max_credits: 50 },
})
