import type { Model } from '@roundhouse/sdk/contract'
import { element } from '../chat/element.ts'
import { codeView } from '../predict/code.ts'
import { examplesOf } from '../predict/example.ts'
import { createForm, type PredictForm } from '../predict/form.ts'
import { freshId } from '../predict/fresh-id.ts'
import { labelsOf } from '../predict/labels.ts'
import { resultView } from '../predict/result.ts'
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

  const inputs = model.input_schema ?? []
  const fields = createForm(inputs, { examples: examplesOf(inputs, model.metadata) })
  const fresh = element('input', { type: 'checkbox', id: freshId() })
  const submit = element('button', { type: 'submit' }, 'Predict')
  const form = element(
    'form',
    { 'aria-label': 'Inputs', novalidate: true },
    fields.element,
    element(
      'div',
      { class: 'send' },
      submit,
      element('div', { class: 'check' }, fresh, element('label', { for: fresh.id }, 'Not from the cache')),
    ),
  )
  const code = codeView({
    model: { ...model, inputs },
    isOpen: model.visibility === 'public' && model.price === 0,
  })
  const result = element('div', { class: 'result' }, empty())
  /** How it went, for readers who do not see the result come. */
  const said = element('p', { class: 'said', role: 'status' })
  form.addEventListener('submit', event => {
    event.preventDefault()
    void send(model, { fields, isFresh: fresh.checked, submit, result, said })
  })
  form.addEventListener('input', () => tellCode(fields, code))
  tellCode(fields, code)
  at('demo').append(
    element('div', { class: 'halves' }, form, element('section', { 'aria-label': 'Result' }, result, said)),
    code.element,
  )
  at('demo').hidden = false
}

type Sending = {
  fields: PredictForm
  isFresh: boolean
  submit: HTMLButtonElement
  result: HTMLElement
  said: HTMLElement
}

async function send(model: Model, { fields, isFresh, submit, result, said }: Sending): Promise<void> {
  submit.disabled = true
  submit.textContent = 'Predicting…'
  said.className = 'said'
  try {
    const answer = await predict(model.id, { input: fields.read(), isFresh })
    result.replaceChildren(resultView(answer.outputs, labelsOf(model.metadata)))
    result.classList.remove('stale')
    const source = answer.isCached ? 'From the cache' : `Model ${milliseconds(answer.inferenceMs)}`
    said.textContent = `${source} · ${milliseconds(answer.totalMs)} in all`
  } catch (error) {
    result.classList.add('stale')
    said.className = 'said bad'
    said.textContent = error instanceof Error ? error.message : String(error)
    fields.complain(said.textContent)
    if ((error as Partial<Refusal>).status === 401) said.append(' ', signInLink())
  } finally {
    submit.disabled = false
    submit.textContent = 'Predict'
  }
}

/** What is half written is no call yet. */
function tellCode(fields: PredictForm, code: ReturnType<typeof codeView>): void {
  try {
    code.show(fields.peek())
  } catch {}
}

function empty(): HTMLElement {
  return element(
    'div',
    { class: 'predict' },
    element('div', { class: 'head' }, element('h2', {}, 'Result')),
    element('p', { class: 'hint' }, 'Press Predict: what is filled in is an example.'),
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
