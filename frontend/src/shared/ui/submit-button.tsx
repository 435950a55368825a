import type { ReactNode } from "react";

interface SubmitButtonProps {
  busy: boolean;
  busyText: string;
  children: ReactNode;
}

/** Stays focusable while busy, so that the keyboard does not lose its place. */
export function SubmitButton({ busy, busyText, children }: SubmitButtonProps) {
  return (
    <button type="submit" className="button button-wide" aria-disabled={busy} onClick={(event) => busy && event.preventDefault()}>
      {busy && <span className="spinner" aria-hidden="true" />}
      {busy ? busyText : children}
    </button>
  );
}
