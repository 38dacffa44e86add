import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseS3Place, urlOf } from './place.ts'

const addressOf = (text: string) => urlOf(parseS3Place(text), `${parseS3Place(text).prefix}a/1`).href

test('an address without an endpoint is AWS, in its region', () => {
  assert.equal(addressOf('s3://bucket'), 'https://bucket.s3.us-east-1.amazonaws.com/a/1')
  assert.equal(
    addressOf('s3://bucket/pre/fix/?region=eu-central-1'),
    'https://bucket.s3.eu-central-1.amazonaws.com/pre/fix/a/1',
  )
  assert.equal(addressOf('s3://bucket?path_style=true'), 'https://s3.us-east-1.amazonaws.com/bucket/a/1')
  assert.equal(addressOf('s3://my.bucket'), 'https://s3.us-east-1.amazonaws.com/my.bucket/a/1')
})

test('with an endpoint the bucket stands in the path, unless it is asked for in the host name', () => {
  assert.equal(addressOf('s3://bucket?endpoint=http://127.0.0.1:9000/'), 'http://127.0.0.1:9000/bucket/a/1')
  assert.equal(
    addressOf('s3://bucket/p?endpoint=https://ref.storage.supabase.co/storage/v1/s3'),
    'https://ref.storage.supabase.co/storage/v1/s3/bucket/p/a/1',
  )
  assert.equal(
    addressOf('s3://bucket?endpoint=https://storage.railway.app&region=auto&path_style=false'),
    'https://bucket.storage.railway.app/a/1',
  )
  assert.equal(
    urlOf(parseS3Place('s3://bucket?endpoint=http://h'), '', { 'list-type': '2', prefix: 'a/b' }).href,
    'http://h/bucket?list-type=2&prefix=a%2Fb',
  )
  assert.equal(urlOf(parseS3Place('s3://bucket'), '').href, 'https://bucket.s3.us-east-1.amazonaws.com/')
})

test('an address that cannot be meant is refused, without being repeated', () => {
  for (const broken of [
    'hunter2',
    'https://bucket.hunter2.com',
    's3://',
    's3://id:hunter2@bucket',
    's3://Bucket_hunter2',
    's3://bucket/a//hunter2',
    's3://bucket/ä',
    's3://bucket?hunter2=1',
    's3://bucket?endpoint=hunter2',
    's3://bucket?endpoint=ftp://hunter2',
    's3://bucket?endpoint=http://hunter2@host',
    's3://bucket?endpoint=http://host/?hunter2',
    's3://bucket?region=hunter2/..',
    's3://bucket?path_style=hunter2',
  ]) {
    assert.throws(
      () => addressOf(broken),
      (error: Error) => {
        assert.match(error.message, /^(has|holds|names|knows) /, broken)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
      broken,
    )
  }
})
