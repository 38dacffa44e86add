import { defineTask } from '@roundhouse/sdk/config'

/** Adds listings and prices, or replaces them: `seed.ts` runs it once. */
export const listings = defineTask({
  name: 'listings',
  description: 'Input {listings: [{broker, address, town, area_m2}], prices: [{town, month, price_per_m2}]}.',
  async run({ sql, input, rows }) {
    const added = await sql`
      insert into listings (broker, address, town, area_m2)
      select broker, address, town, area_m2 from json_to_recordset(${JSON.stringify(input.listings ?? [])}::json)
        as row(broker uuid, address text, town text, area_m2 numeric)
      on conflict (broker, address) do update set town = excluded.town, area_m2 = excluded.area_m2
      returning 1`
    const priced = await sql`
      insert into town_prices (town, month, price_per_m2)
      select town, month, price_per_m2 from json_to_recordset(${JSON.stringify(input.prices ?? [])}::json)
        as row(town text, month date, price_per_m2 numeric)
      on conflict (town, month) do update set price_per_m2 = excluded.price_per_m2
      returning 1`
    rows.written(added.length + priced.length)
  },
})
