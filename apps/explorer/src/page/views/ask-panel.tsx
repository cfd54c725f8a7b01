/** How a dataset is asked: its parameters as fields, the same ask from elsewhere, and a try of it here. */
import type { DatasetDetails } from '@parqueue/client';
import { useId, useState } from 'preact/hooks';
import { may, session } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { Code } from '../parts/copy.tsx';
import { LANGUAGES, snippet, type Language } from '../text/snippets.ts';
import { TryIt } from './try-it.tsx';

type Param = DatasetDetails['params'][number];

export function AskPanel({ dataset: { name, params } }: { readonly dataset: DatasetDetails }) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [language, setLanguage] = useState<Language>('curl');
  const id = useId();
  const state = useStore(session);
  const given = Object.fromEntries(
    params.flatMap(({ name: param }) => (values[param] ? [[param, values[param]]] : [])),
  );
  const shown = {
    ...Object.fromEntries(
      params.filter(({ required }) => required).map(({ name: param }) => [param, param.toUpperCase()]),
    ),
    ...given,
  };
  return (
    <>
      {params.length === 0 ? null : (
        <div class="fields">
          {params.map((param) => (
            <ParamField
              key={param.name}
              param={param}
              value={values[param.name] ?? ''}
              onValue={(value) => setValues((before) => ({ ...before, [param.name]: value }))}
            />
          ))}
        </div>
      )}
      <TryIt
        name={name}
        params={given}
        allowed={may(state, 'read')}
        missing={params.filter((param) => param.required && !given[param.name]).map((param) => param.name)}
      />
      <div class="tabs" role="group" aria-label="Ask from">
        {LANGUAGES.map((one) => (
          <button
            key={one}
            type="button"
            class="tab"
            aria-pressed={one === language}
            aria-controls={id}
            onClick={() => setLanguage(one)}
          >
            {one}
          </button>
        ))}
      </div>
      <div id={id}>
        <Code
          what={`the ask for ${language}`}
          text={snippet(language, {
            origin: serverAddress(),
            dataset: name,
            params: shown,
            withKey: state.key !== null,
          })}
        />
      </div>
    </>
  );
}

/** Where this page came from, which may be below a path of a proxy. */
function serverAddress(): string {
  return new URL('.', location.href).href.replace(/\/$/, '');
}

function ParamField({
  param,
  value,
  onValue,
}: {
  readonly param: Param;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  const id = useId();
  const choices = param.enum ?? (param.type === 'boolean' ? ['true', 'false'] : null);
  const without = param.default ?? (param.required ? '' : 'left out');
  return (
    <div class="field">
      <label for={id}>
        {param.name}
        {param.required ? <span class="faint"> (wanted)</span> : null}
      </label>
      {choices === null ? (
        <input
          id={id}
          inputMode={param.type === 'integer' ? 'numeric' : param.type === 'number' ? 'decimal' : 'text'}
          value={value}
          placeholder={without}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      ) : (
        <select id={id} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">{without === '' ? 'choose' : without}</option>
          {choices
            .filter((choice) => choice !== param.default)
            .map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
        </select>
      )}
    </div>
  );
}
