import type { Collection, CreateCollection } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useEmbeddingModels } from '../../app/provided-models.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceField } from '../../ui/choice-field.tsx'
import { SelectField, TextArea, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/number-field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { faultAt, faultOf } from '../agents/build/faults.ts'

type Values = Required<CreateCollection>

const languages =
  'simple arabic danish dutch english finnish french german greek hungarian indonesian irish italian lithuanian nepali norwegian portuguese romanian russian spanish swedish tamil turkish'.split(
    ' ',
  )

/** What makes a collection: how it is called and shared, and how its documents are cut and compared. */
export function CollectionForm({
  collection,
  action,
  busy,
  error,
  onSubmit,
  onClose,
}: {
  collection: Collection | undefined
  action: string
  busy: string | false
  error: Error | null
  onSubmit: (values: Values) => void
  onClose: () => void
}): ReactElement {
  const [values, setValues] = useState(() => valuesOf(collection))
  const models = useEmbeddingModels()
  const fault = faultOf(error)
  const set = (part: Partial<Values>) => setValues(before => ({ ...before, ...part }))
  const wrong = (field: keyof Values) => {
    const message = faultAt(fault, field)
    return message === undefined ? {} : { error: message }
  }
  const before = valuesOf(collection)
  const isIndexedAnew =
    collection !== undefined &&
    collection.documents > 0 &&
    (['embedding_model', 'chunk_size', 'chunk_overlap', 'language'] as const).some(
      field => values[field] !== before[field],
    )
  return (
    <form
      className="grid gap-4"
      onSubmit={event => {
        event.preventDefault()
        onSubmit(values)
      }}
    >
      <TextField
        label="Name"
        value={values.name}
        onChange={event => set({ name: event.target.value })}
        required
        autoFocus
        placeholder="Handbook"
        {...wrong('name')}
      />
      <TextArea
        label="Description"
        rows={2}
        value={values.description ?? ''}
        onChange={event => set({ description: event.target.value === '' ? null : event.target.value })}
        {...wrong('description')}
      />
      <SelectField
        label="Who may read and search it"
        value={values.visibility}
        onChange={event => {
          const { value } = event.target
          if (value === 'private' || value === 'users' || value === 'public') set({ visibility: value })
        }}
        {...wrong('visibility')}
      >
        <option value="private">private: you and administrators</option>
        <option value="users">users: everyone who is signed in</option>
        <option value="public">public: everyone with a credential</option>
      </SelectField>
      <ChoiceField
        label="Embedding model"
        value={values.embedding_model ?? ''}
        groups={models}
        none="none: found by words only"
        onChange={model => set({ embedding_model: model === '' ? null : model })}
        hint="Documents and questions are compared by meaning, at the price of its tokens."
        {...wrong('embedding_model')}
      />
      <div className="grid gap-4 sm:grid-cols-3">
        <NumberField
          label="Passage (characters)"
          value={values.chunk_size}
          onChange={value => set({ chunk_size: value ?? 0 })}
          min={200}
          max={8000}
          hint="200 to 8,000"
          {...wrong('chunk_size')}
        />
        <NumberField
          label="Repeated of the one before"
          value={values.chunk_overlap}
          onChange={value => set({ chunk_overlap: value ?? 0 })}
          min={0}
          max={4000}
          hint="At most half of it"
          {...wrong('chunk_overlap')}
        />
        <SelectField
          label="Language"
          value={values.language}
          // One of the list below.
          onChange={event => set({ language: event.target.value as Values['language'] })}
          hint="simple takes words as they are"
          {...wrong('language')}
        >
          {languages.map(language => (
            <option key={language}>{language}</option>
          ))}
        </SelectField>
      </div>
      {isIndexedAnew && (
        <Notice tone="warn">
          All {collection.documents} documents are indexed anew, and embedded anew at the owner's expense.
          Until each is ready it is found as it was.
        </Notice>
      )}
      {error && <ProblemNotice error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" type="submit" busy={busy}>
          {action}
        </Button>
      </div>
    </form>
  )
}

function valuesOf(collection: Collection | undefined): Values {
  if (!collection)
    return {
      name: '',
      description: null,
      visibility: 'private',
      embedding_model: null,
      chunk_size: 1600,
      chunk_overlap: 200,
      language: 'simple',
    }
  const { name, description, visibility, embedding_model, chunk_size, chunk_overlap, language } = collection
  // A collection has one of the languages that the contract lists.
  return {
    name,
    description,
    visibility,
    embedding_model,
    chunk_size,
    chunk_overlap,
    language: language as Values['language'],
  }
}
