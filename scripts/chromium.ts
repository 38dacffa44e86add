import { findChromium } from '../server/src/testing/chromium.ts'
import { ensureByApt } from './apt.ts'
import type { TestProgram } from './test-program.ts'

export const chromium: TestProgram = {
  mark: /\bopenChromium\(/,
  ensure: () => findChromium() !== undefined || ensureByApt('chromium'),
  missing: 'there is no Chromium on the PATH, and CHROMIUM_PATH names none.',
  remedy: 'Install it with `apt-get install chromium` or set CHROMIUM_PATH to a Chrome or Chromium.',
}
