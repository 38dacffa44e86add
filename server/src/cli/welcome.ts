import { serviceCaller } from '../accounts/caller.ts'
import type { Model } from '../models/model.ts'
import type { Running } from '../start/run.ts'
import { sampleName } from '../start/sample.ts'

/**
 * What a newcomer sees: where it is, what is loaded, and a line to paste that predicts.
 * @param setupLink Makes the first administrator; undefined once there is one.
 */
export function welcome(
  { url, house, dataDir, serviceRoleKey }: Running,
  setupLink: string | undefined,
): string {
  const states = house.serving.states(serviceCaller('welcome'))
  const warm = states
    .filter(({ state }) => state.tag === 'warm')
    .map(({ model }) => `${model.name}@${model.version}`)
  const sample = states.find(({ model, state }) => model.name === sampleName && state.tag === 'warm')?.model
  const lines = [
    '',
    `  Roundhouse ${house.version} is ready at ${url}`,
    '',
    `  Console    ${url}/`,
    `  API docs   ${url}/docs`,
    `  Data       ${dataDir}`,
    `  Models     ${warm.length > 0 ? warm.join(', ') : 'none yet'}`,
    `  Key        ${serviceRoleKey}`,
    `  Set-up     ${setupLink === undefined ? 'already set up' : `make the first administrator at ${setupLink}`}`,
    '',
  ]
  if (sample) {
    lines.push(
      '  Ask the sample model which digit this is:',
      '',
      `  curl -s ${url}/api/v1/models/${sample.id}/predict -H 'Authorization: Bearer ${serviceRoleKey}' -H 'Content-Type: application/json' -d '{"input_data":{"pixels":[${exampleInput(sample)}]}}'`,
      '',
    )
  }
  return `${lines.join('\n')}\n`
}

/** The sample carries one of its held-out images. */
function exampleInput(model: Model): string {
  const properties = model.metadata.properties as Record<string, string> | undefined
  return properties?.example_input ?? '[]'
}
