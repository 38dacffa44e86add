import type { Model } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { codeView } from './code.ts'
import { createForm, type PredictForm } from './form.ts'
import { resultView } from './result.ts'
import { findModel, isSignedIn, predict, type Refusal } from './server.ts'

const name = decodeURIComponent(location.pathname.split('/')[2] ?? '')
const at = (id: string) => document.getElementById(id) as HTMLElement

at('name').textContent = name
document.title = `${name} · Roundhouse`
try {
  show(await findModel(name))
} catch (error) {
  await refuse(error as Refusal)
}

function show(model: Model): void {
  at('state').textContent = ''
  at('about').textContent = model.description ?? ''
  const price = model.price === 0 ? 'free' : `${model.price} credits a call`
  const page = `${location.origin}/m/${encodeURIComponent(model.name)}`
  at('facts').append(
    `Version ${model.version} · ${price} · `,
    element('a', { href: page }, page.replace(/^https?:\/\//, '')),
  )

  const form = createForm(model.input_schema ?? [])
  const code = codeView({ id: model.id, isOpen: model.visibility === 'public' && model.price === 0 })
  const result = element('div', { class: 'result' }, empty())
  /** How it went, for readers who do not see the result come. */
  const said = element('p', { class: 'said', role: 'status' })
  form.element.addEventListener('submit', event => {
    event.preventDefault()
    void send(model, form, { result, said })
  })
  form.element.addEventListener('input', () => tellCode(form, code))
  tellCode(form, code)
  at('demo').append(
    element(
      'div',
      { class: 'halves' },
      form.element,
      element('section', { 'aria-label': 'Result' }, result, said),
    ),
    code.element,
  )
  at('demo').hidden = false
}

async function send(
  model: Model,
  form: PredictForm,
  { result, said }: { result: HTMLElement; said: HTMLElement },
): Promise<void> {
  form.setBusy(true)
  said.className = 'said'
  try {
    const answer = await predict(model.id, { input: form.read(), isFresh: form.wantsFresh() })
    result.replaceChildren(resultView(answer.outputs))
    result.classList.remove('stale')
    const source = answer.isCached ? 'From the cache' : `Model ${milliseconds(answer.inferenceMs)}`
    said.textContent = `${source} · ${milliseconds(answer.totalMs)} in all`
  } catch (error) {
    result.classList.add('stale')
    said.className = 'said bad'
    said.textContent = error instanceof Error ? error.message : String(error)
    if ((error as Partial<Refusal>).status === 401) said.append(' ', signInLink())
  } finally {
    form.setBusy(false)
  }
}

/** What is half written is no call yet. */
function tellCode(form: PredictForm, code: ReturnType<typeof codeView>): void {
  try {
    code.show(form.read())
  } catch {}
}

function empty(): HTMLElement {
  return element(
    'div',
    {},
    element('div', { class: 'head' }, element('h2', {}, 'Result')),
    element('p', { class: 'hint' }, 'Press Predict: the values in the form are an example.'),
  )
}

async function refuse({ status, message }: Refusal): Promise<void> {
  const state = at('state')
  if (status !== 404 && status !== 401) {
    state.className = 'bad'
    state.textContent = message
    return
  }
  if (await isSignedIn()) state.textContent = `There is no model ${name} that you may see.`
  else
    state.replaceChildren(
      `There is no model ${name} that everyone may see. `,
      signInLink(),
      ' to look for it among yours.',
    )
}

function signInLink(): HTMLElement {
  return element('a', { href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, 'Sign in')
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}
