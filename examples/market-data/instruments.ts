import { defineTask } from '@roundhouse/sdk/config'

type Instrument = { symbol: string; name: string }

/** Adds what is to be watched: `seed.ts` runs it once, people when there is more. */
export const instruments = defineTask({
  name: 'instruments',
  description: 'Adds instruments, or renames them: input {instruments: [{symbol, name}]}.',
  async run({ sql, input, rows }) {
    const given = read(input.instruments)
    rows.read(given.length)
    const written = await sql`
      insert into instruments (symbol, name)
      select symbol, name from json_to_recordset(${JSON.stringify(given)}::json) as row(symbol text, name text)
      on conflict (symbol) do update set name = excluded.name where instruments.name <> excluded.name
      returning symbol`
    rows.written(written.length)
  },
})

function read(value: unknown): Instrument[] {
  if (!Array.isArray(value)) throw new Error('input.instruments is a list of {symbol, name}.')
  return value.map(({ symbol, name }) => ({ symbol: String(symbol), name: String(name) }))
}
