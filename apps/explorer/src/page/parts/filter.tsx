/** A field that narrows what is below it. `/` goes there from anywhere on the page. */
import { useEffect, useId, useRef } from 'preact/hooks';
import { count } from '../text/numbers.ts';

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** How much is left; told to screen readers. */
  readonly found?: number;
}

export function Filter({ label, value, onInput, found }: FilterProps) {
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    const go = (event: KeyboardEvent): void => {
      const typing =
        event.target instanceof Element && event.target.closest('input, select, textarea, dialog') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', go);
    return () => removeEventListener('keydown', go);
  }, []);
  return (
    <div class="filter">
      <label for={id}>{label}</label>
      <input
        ref={field}
        id={id}
        type="search"
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <span class="sr-only" role="status">
        {found === undefined || value === '' ? '' : `${count(found)} found`}
      </span>
    </div>
  );
}
