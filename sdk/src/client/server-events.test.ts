import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventReader, type ServerEvent } from './server-events.ts'

const stream =
  ': hello\n\nevent: job\nid: 1\ndata: {"a":"ä"}\n\nid: 2\r\ndata: one\r\ndata:two\r\n\r\nid: 3\n\nevent: job\ndata: cut'

test('events are read wherever the parts are cut, without comments and what is not whole', () => {
  const bytes = new TextEncoder().encode(stream)
  for (const size of [1, 2, 7, bytes.length]) {
    const events: ServerEvent[] = []
    const read = createEventReader(event => events.push(event))
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
    assert.deepEqual(
      events,
      [
        { event: 'job', id: '1', data: '{"a":"ä"}' },
        { event: 'message', id: '2', data: 'one\ntwo' },
      ],
      `in parts of ${size}`,
    )
  }
})
