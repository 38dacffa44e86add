import type { ModelTarget } from '../../models/model.ts'

/** A served model: `<name>`, or `<name>@<version>`. Undefined for a provider's, whose name has a slash, and for an agent. */
export function servedModelOf(model: string): ModelTarget | undefined {
  const [, name, version] = /^([A-Za-z0-9][\w.-]{0,127})(?:@([A-Za-z0-9][\w.-]{0,127}))?$/.exec(model) ?? []
  return name === undefined ? undefined : { name, version }
}
