/** Asks for an API key where the server wants one. */
import { useId, useState } from 'preact/hooks';
import { enterKey, session } from '../api/session.ts';
import { useStore } from '../api/store.ts';

export function KeyForm() {
  const { wanted } = useStore(session);
  const [key, setKey] = useState('');
  const id = useId();
  return (
    <div class="key-form">
      <h1 tabIndex={-1}>This server wants an API key</h1>
      {wanted === 'unknown' ? (
        <p class="standing bad" role="alert">
          The key that was given is not known here, or not any more.
        </p>
      ) : null}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') enterKey(key.trim());
        }}
      >
        <label for={id}>API key</label>
        <div class="key-row">
          <input
            id={id}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          <button type="submit" class="primary">
            Use it
          </button>
        </div>
      </form>
      <p class="faint">
        It stays in this tab until you close it, and is sent to this server only. Whoever runs the server makes one with{' '}
        <code>parqueue key new</code> and lists its hash under <code>auth.apiKeys</code>; the scope <code>read</code> is
        enough to look, <code>fill</code> to load and cancel, <code>admin</code> to invalidate and pause.
      </p>
    </div>
  );
}
