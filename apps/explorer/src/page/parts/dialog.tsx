/** A modal dialog of the browser's own: focus stays inside, Escape closes, and what had the focus gets it back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.ts';
import { Trouble } from './notice.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  readonly dangerous?: boolean;
  readonly onClose: () => void;
  /** Closes when it is done; what it throws is told in the dialog. */
  readonly act: () => Promise<void>;
  readonly children: ComponentChildren;
}

/** Says what will happen, does it when told to, and says why it could not. */
export function Confirm({ title, action, dangerous = false, onClose, act, children }: ConfirmProps) {
  const [acting, setActing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const run = async (): Promise<void> => {
    setActing(true);
    setProblem(null);
    try {
      await act();
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(String(error), { status: 0, code: 'page' }));
      setActing(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        {problem === null ? null : <Trouble problem={problem} />}
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class={dangerous ? 'danger' : 'primary'} disabled={acting}>
            {acting ? 'Working…' : action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
