import assert from 'node:assert/strict'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { reportTemplates } from '@roundhouse/sdk/contract'
import { testHouse } from '../testing/house.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { readTemplates } from './declared-templates.ts'
import { templatesFolder } from './paths.ts'

type Scope = Parameters<typeof temporaryFolder>[0]

test('the templates of a folder are read at start: main.typ alone is version 1, folders with numbers are versions', async context => {
  const folder = await folderWith(context, {
    'letter/main.typ': '#import "parts/a.typ": greeting\n#greeting #json("/data.json").title',
    'letter/parts/a.typ': '#let greeting = [Dear]',
    'letter/.git/config': 'not read',
    'offer/10/main.typ': 'ten',
    'offer/2/main.typ': 'two',
  })
  const { templates, problems } = await readTemplates(
    [
      { name: 'letter', folder: 'letter' },
      { name: 'offer', folder: 'offer' },
    ],
    folder,
  )
  assert.deepEqual(problems, [])
  const found = templates.map(({ name, version }) => `${name} ${version}`)
  assert.deepEqual(found, ['letter 1', 'offer 2', 'offer 10'])
  const files = await templates[0]?.files()
  assert.deepEqual(Object.keys(files ?? {}).sort(), ['/main.typ', '/parts/a.typ'])
})

test('a title with a character that PostgreSQL cannot keep is refused before anything is stored', async context => {
  const folder = await folderWith(context, { 'letter/main.typ': 'x' })
  const { templates } = await readTemplates([{ name: 'letter', folder: 'letter' }], folder)
  const schema = templates[0]?.schema
  assert.equal(schema?.safeParse({ title: 'a', more: 1 }).success, true)
  assert.equal(schema?.safeParse({ title: 'a\0b' }).success, false)
})

test('every folder that cannot work is told: missing, without main.typ, of a name that is taken, with two meanings', async context => {
  const folder = await folderWith(context, {
    'empty/readme.md': '',
    'mixed/main.typ': 'old',
    'mixed/2/main.typ': 'new',
    'half/1/main.typ': 'x',
    'half/2/other.typ': 'x',
  })
  const { templates, problems } = await readTemplates(
    [
      { name: 'forecast-report', folder: 'none' },
      { name: 'empty', folder: 'empty' },
      { name: 'mixed', folder: 'mixed' },
      { name: 'half', folder: 'half' },
    ],
    folder,
  )
  assert.deepEqual(templates, [])
  assert.deepEqual(
    problems.map(problem => problem.replaceAll(folder, '')),
    [
      'reports.templates[0].name: forecast-report comes with the server. Choose another name.',
      'reports.templates[0].folder: there is no folder /none.',
      'reports.templates[1].folder: /empty has no main.typ, and no folder 1 with one.',
      'reports.templates[2].folder: /mixed has both main.typ, which is version 1, and 2. Move main.typ into a folder of its own number.',
      'reports.templates[3].folder: /half/2 has no main.typ.',
    ],
  )
})

test('a template that does not compile is told at start; one that needs data brings an example', async context => {
  const source = '#let data = json("/data.json")\n#if "logo" in data { image(data.logo) }\n#data.customer'
  const example = { title: 'Offer', customer: 'Ada', logo: 'house.svg' }
  const folder = await folderWith(context, {
    'broken/main.typ': '= Title\n#no-such-thing',
    'needs/main.typ': source,
    'brings/main.typ': source,
    'brings/example.json': JSON.stringify(example),
    'nonsense/main.typ': source,
    'nonsense/example.json': '{"title":""}',
  })
  const { templates, problems } = await readTemplates(
    ['broken', 'needs', 'brings', 'nonsense'].map(name => ({ name, folder: name })),
    folder,
  )
  assert.deepEqual(
    templates.map(template => [template.name, template.example]),
    [['brings', example]],
  )
  const [broken, needs, nonsense, ...more] = problems
  assert.match(broken ?? '', /^reports\.templates\[0\]\.folder: version 1, .*no-such-thing.*main\.typ/)
  assert.match(
    needs ?? '',
    /templates\[1\].*\{"title":"needs"\}: .*"customer".* go into example\.json, beside main\.typ\.$/,
  )
  assert.match(nonsense ?? '', /templates\[3\]\.folder: \S+example\.json: title: /)
  assert.deepEqual(more, [])
})

test('a folder of links is read like one of files, as Kubernetes mounts a ConfigMap', async context => {
  const folder = await folderWith(context, {
    'letter/..2026_11_21/main.typ': '#import "part.typ": x\n#x',
    'shared/part.typ': '#let x = 1',
    'round/main.typ': 'x',
  })
  await symlink('..2026_11_21', join(folder, 'letter/..data'))
  await symlink('..data/main.typ', join(folder, 'letter/main.typ'))
  await symlink('../shared/part.typ', join(folder, 'letter/part.typ'))
  await symlink('../shared', join(folder, 'letter/parts'))
  await symlink('.', join(folder, 'round/again'))
  const { templates, problems } = await readTemplates(
    [
      { name: 'letter', folder: 'letter' },
      { name: 'round', folder: 'round' },
    ],
    folder,
  )
  const files = await templates[0]?.files()
  assert.deepEqual(Object.keys(files ?? {}).sort(), ['/main.typ', '/part.typ', '/parts/part.typ'])
  assert.deepEqual(problems.length, 1)
  assert.match(problems[0] ?? '', /templates\[1\]\.folder: \S+round\/again leads back into itself\.$/)
})

test('fonts in the folder of a template are there for it, and for no other', async context => {
  // `fallback: false` sets nothing in another font; the width tells whether there was one.
  const source = `#context { assert(measure(text(font: "Custom Sans 3", fallback: false)[Wide]).width > 1pt) }`
  const folder = await folderWith(context, { 'with/main.typ': source, 'without/main.typ': source })
  await mkdir(join(folder, 'with/fonts'))
  await writeFile(join(folder, 'with/fonts/custom.ttf'), await renamedFont())
  const { templates, problems } = await readTemplates(
    ['with', 'without'].map(name => ({ name, folder: name })),
    folder,
  )
  assert.deepEqual(
    templates.map(({ name }) => name),
    ['with'],
  )
  assert.match(problems.join(), /^reports\.templates\[1\]\.folder: .*assertion failed/)
})

test('a declared template stands in the list with its example, which can be sent as it is', async context => {
  const example = { title: 'Offer', customer: 'Ada' }
  const folder = await folderWith(context, {
    'offer/main.typ': '#json("/data.json").customer',
    'offer/example.json': JSON.stringify(example),
  })
  const declared = { reports: { templates: [{ name: 'offer', folder: join(folder, 'offer') }] } }
  const house = await testHouse(context, {}, { declared })
  const listed = reportTemplates.parse(await (await house.fetch('/api/v1/reports/templates')).json())
  const found = listed.data.find(({ name }) => name === 'offer')
  assert.deepEqual([found?.version, found?.example], [1, example])
  const made = await house.fetch('/api/v1/reports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ template: 'offer', data: found?.example }),
  })
  assert.equal(made.status, 201, await made.clone().text())
})

/** Source Sans 3 under a name that no machine has. */
async function renamedFont(): Promise<Buffer> {
  const font = await readFile(join(templatesFolder, 'fonts/SourceSans3-Regular.ttf'))
  const nameOf = (text: string) => Buffer.from(text, 'utf16le').swap16()
  const [before, after] = [nameOf('Source'), nameOf('Custom')]
  for (let at = font.indexOf(before); at >= 0; at = font.indexOf(before, at)) after.copy(font, at)
  return font
}

async function folderWith(scope: Scope, files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder(scope)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}
