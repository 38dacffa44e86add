import { defineQuery } from '@roundhouse/sdk/config'
import { z } from 'zod'

/** What the agent may know of listings: those of the broker who asks, whatever it is told to look for. */
export const property = defineQuery({
  name: 'property',
  description:
    "Finds the broker's own listings by words of the address or town, with the value of each month of the last two years.",
  parameters: z.object({ words: z.string().describe('Such as "Seestrasse 4" or "Graz".') }),
  sql: `
    select address, listings.town, area_m2,
      array_agg(to_char(month, 'YYYY-MM') order by month) as months,
      array_agg(round(price_per_m2 * area_m2) order by month) as values,
      (select array_agg(to_char(max(month) + make_interval(months => ahead), 'YYYY-MM'))
        from generate_series(1, 6) as ahead) as next_months
    from listings join lateral (
      select month, price_per_m2 from town_prices
      where town_prices.town = listings.town order by month desc limit 24
    ) as past on true
    where broker = :caller_id::uuid and strpos(lower(address || ' ' || listings.town), lower(:words)) > 0
    group by address, listings.town, area_m2
    order by address`,
  maxRows: 5,
})
