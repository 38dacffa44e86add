import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TypesetFiles, Typesetter } from './typesetter.ts'

/** What every typesetter promises. The one given allows 4 s and 400 MB for a report. */
export function testTypesetterContract(name: string, open: () => Typesetter): void {
  const main = (source: string, more: TypesetFiles = {}): TypesetFiles => ({
    '/main.typ': Buffer.from(source),
    ...more,
  })

  const of = (pdf: Uint8Array) => async () => pdf

  async function withTypesetter(work: (typesetter: Typesetter) => Promise<void>): Promise<void> {
    const typesetter = open()
    try {
      await work(typesetter)
    } finally {
      await typesetter.close()
    }
  }

  test(`${name}: sets pages from a template and its data, the same bytes each time`, async () => {
    await withTypesetter(async typesetter => {
      const files = main('#import "/part.typ": greet\n#greet(json("/data.json").who) #pagebreak() Second', {
        '/part.typ': Buffer.from('#let greet(who) = [Hello #who]'),
        '/data.json': Buffer.from('{"who":"#panic()"}'),
      })
      const first = await typesetter.pdf(files)
      assert.equal(Buffer.from(first.pdf.subarray(0, 5)).toString(), '%PDF-')
      assert.equal(first.pages, 2)
      await typesetter.pdf(main('Another one between them'))
      assert.deepEqual(Buffer.from((await typesetter.pdf(files)).pdf), Buffer.from(first.pdf))
    })
  })

  test(`${name}: a template reads nothing that it was not given: no disk, no network, no packages`, async () => {
    await withTypesetter(async typesetter => {
      await typesetter.pdf(
        main('#read("/secret.txt")', { '/secret.txt': Buffer.from('of the report before') }),
      )
      for (const source of [
        '#read("/etc/passwd")',
        '#read("../../../../etc/passwd")',
        '#include "/etc/passwd"',
        '#image("/proc/self/environ")',
        '#read("/secret.txt")',
        '#import "@preview/cetz:0.3.1"',
        '#import "@local/anything:1.0.0"',
        '#import ("@pre" + "view/cetz:0.3.1")',
      ]) {
        await assert.rejects(typesetter.pdf(main(source)), { code: 'report-failed' }, source)
      }
    })
  })

  test(`${name}: says what is wrong with a template or its data`, async () => {
    await withTypesetter(async typesetter => {
      await assert.rejects(typesetter.pdf(main('#panic("no values")')), /no values/)
      await assert.rejects(
        typesetter.pdf(main('#json("/data.json").x', { '/data.json': Buffer.from('{}') })),
        {
          code: 'report-failed',
          message: /"x"/,
        },
      )
    })
  })

  test(`${name}: gives up what never ends or takes all memory, and goes on with the next`, async () => {
    await withTypesetter(async typesetter => {
      const waiting = typesetter.pdf(endless)
      const next = typesetter.pdf(main('Behind it'))
      await assert.rejects(waiting, { code: 'report-failed', message: /longer than 4 s/ })
      assert.equal((await next).pages, 1)
      await assert.rejects(typesetter.pdf(main('#let a = "0123456789"\n#while true { a = a + a }')), {
        code: 'report-failed',
      })
      assert.equal((await typesetter.pdf(main('Behind that'))).pages, 1)
    })
  })

  test(`${name}: shows a page as a picture that fits A4 at 150 dpi`, async () => {
    await withTypesetter(async typesetter => {
      const { pdf } = await typesetter.pdf(
        main('#set page(paper: "a4")\nOne\n#pagebreak()\n#set page(width: 900cm, height: 300cm)\nTwo'),
      )
      const [wide = 0, high = 0] = sizeOf(await typesetter.png(of(pdf), 1))
      assert.ok(wide > 1230 && wide <= 1240 && high > 1740 && high <= 1754, `${wide} x ${high}`)
      const [width = 0, height = 0] = sizeOf(await typesetter.png(of(pdf), 2))
      assert.ok(width > 1200 && width <= 1240 && height > 0 && height <= 1754, `${width} x ${height}`)
      await assert.rejects(typesetter.png(of(pdf), 3), { code: 'resource-not-found' })
      await assert.rejects(typesetter.png(of(Buffer.from('no PDF')), 1), { code: 'report-failed' })
    })
  })

  test(`${name}: what is no longer wanted is not made, and too many at once are refused`, async () => {
    await withTypesetter(async typesetter => {
      const busy = typesetter.pdf(main('#for a in range(500000) {}'))
      const controller = new AbortController()
      const unwanted = typesetter.pdf(main('Unwanted'), { signal: controller.signal })
      controller.abort(new Error('gone'))
      await assert.rejects(unwanted, { message: 'gone' })
      const many = await Promise.allSettled(
        Array.from({ length: 40 }, () => typesetter.pdf(main('One of many'))),
      )
      const refused = many.filter(each => each.status === 'rejected')
      assert.ok(refused.length > 0 && refused.length < 40, `${refused.length} of 40 were refused`)
      for (const { reason } of refused) assert.equal(reason.code, 'report-overloaded')
      await busy
    })
  })

  test(`${name}: what is being made and no longer wanted ends, and the next one does not wait for its time`, async () => {
    await withTypesetter(async typesetter => {
      const controller = new AbortController()
      const unwanted = typesetter.pdf(endless, { signal: controller.signal })
      let isNextDone = false
      const next = typesetter.pdf(main('Behind it')).finally(() => {
        isNextDone = true
      })
      // Under way by then: what still waits would end without a trace.
      await new Promise(setImmediate)
      controller.abort(new Error('gone'))
      await assert.rejects(unwanted, { message: 'gone' })
      assert.equal(isNextDone, false)
      assert.equal((await next).pages, 1)
    })
  })

  test(`${name}: one caller with many orders keeps nobody else out, neither from a place nor from a turn`, async () => {
    await withTypesetter(async typesetter => {
      const order: string[] = []
      const ask = (caller: string, text: string) =>
        typesetter.pdf(main(text), { caller }).then(
          () => order.push(caller),
          error => {
            assert.equal(error.code, 'report-overloaded')
            order.push('refused')
          },
        )
      const many = Array.from({ length: 40 }, (_, number) => ask('many', `Number ${number}`))
      const few = [ask('few', 'First'), ask('few', 'Second')]
      await Promise.all([...many, ...few])
      const made = order.filter(each => each !== 'refused')
      assert.equal(made.filter(each => each === 'few').length, 2)
      assert.ok(made.indexOf('few') <= 2 && made.lastIndexOf('few') <= 4, made.join(' '))
    })
  })

  test(`${name}: a page is read when it is its turn, and a file that is not read holds nobody up for ever`, async () => {
    await withTypesetter(async typesetter => {
      const { pdf } = await typesetter.pdf(main('One'))
      let open = 0
      let most = 0
      const read = async () => {
        open += 1
        most = Math.max(most, open)
        await Promise.resolve()
        open -= 1
        return pdf
      }
      await Promise.all(Array.from({ length: 8 }, () => typesetter.png(read, 1)))
      assert.equal(most, 1)
      await assert.rejects(
        typesetter.png(() => Promise.reject(new Error('no such file')), 1),
        /no such file/,
      )

      const controller = new AbortController()
      const never = typesetter.png(() => new Promise(() => {}), 1, { signal: controller.signal })
      const next = typesetter.png(of(pdf), 1)
      controller.abort(new Error('gone'))
      await assert.rejects(never, { message: 'gone' })
      assert.ok((await next).length > 0)
    })
  })
}

const endless: TypesetFiles = {
  '/main.typ': Buffer.from('#for a in range(99999) { for b in range(9999) {} }'),
}

/** Width and height of a PNG. */
function sizeOf(png: Uint8Array): number[] {
  const view = Buffer.from(png.buffer, png.byteOffset, png.byteLength)
  assert.equal(view.subarray(0, 8).toString('hex'), '89504e470d0a1a0a')
  return [view.readUInt32BE(16), view.readUInt32BE(20)]
}
