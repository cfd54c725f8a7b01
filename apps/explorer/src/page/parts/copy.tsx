/** Text to be taken along: shown, selectable, and one press away from the clipboard. */
import { announce } from './announce.tsx';

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`Copied: ${what}`);
    } catch {
      // Without https, browsers keep the clipboard to themselves.
      announce('The browser does not let this page copy here: select the text and copy it.');
    }
  };
  return (
    <button type="button" class="quiet" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      Copy
    </button>
  );
}

export function Code({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={what}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
