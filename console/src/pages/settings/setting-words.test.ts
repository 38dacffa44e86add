import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitText, nameOfLimit, settingText } from './setting-words.ts'

test('a limit has the unit that its name says', () => {
  assert.equal(limitText('MAX_MODEL_SIZE_BYTES', 104_857_600), '100 MiB')
  assert.equal(limitText('PREDICT_TIMEOUT_MS', 30_000), '30 s')
  assert.equal(limitText('JOB_RETENTION_DAYS', 1), '1 day')
  assert.equal(limitText('RUN_CONCURRENCY', 256), '256')
  assert.equal(nameOfLimit('MAX_MODEL_SIZE_BYTES'), 'Largest model')
})

test('a value that is no number stays as it is', () => {
  assert.equal(settingText('LOG_LEVEL', 'info'), 'info')
  assert.equal(settingText('PORT', '3000'), '3000')
  assert.equal(settingText('ALERT_MIN_FREE_BYTES', ''), '')
})
