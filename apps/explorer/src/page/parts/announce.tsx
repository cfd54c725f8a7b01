/** One line at the foot of the page that says what was just done, to eyes and to screen readers; gone after a while. */
import { useEffect } from 'preact/hooks';
import { createStore, useStore } from '../api/store.ts';

const SHOWN_MS = 6_000;

const said = createStore<{ readonly text: string; readonly times: number }>({ text: '', times: 0 });

export function announce(text: string): void {
  said.set({ text, times: said.get().times + 1 });
}

export function Announcement() {
  const { text, times } = useStore(said);
  useEffect(() => {
    if (text === '') return;
    const timer = setTimeout(() => said.set({ text: '', times }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text, times]);
  return (
    <div class={text === '' ? 'announcement' : 'announcement said'} role="status" aria-live="polite">
      {text}
    </div>
  );
}
