import { fileURLToPath } from 'node:url'

/** The package's own folder, the same two levels up from source and from the compiled files. */
const packageFolder = new URL('../../', import.meta.url)

export const migrationsFolder = fileURLToPath(new URL('migrations', packageFolder))
export const sampleModelFile = fileURLToPath(new URL('sample/digits.onnx', packageFolder))
/** The console's pages, copied here when the package is built. */
export const consoleFolder = fileURLToPath(new URL('public', packageFolder))
/** Templates of reports, and their fonts. */
export const templatesFolder = fileURLToPath(new URL('templates', packageFolder))
export const packageFile = new URL('package.json', packageFolder)
