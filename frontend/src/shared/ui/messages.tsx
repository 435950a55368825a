import type { ReactNode } from "react";

import { ApiError } from "@/shared/api/api-error";
import "./messages.css";

function wordsFor(error: unknown): { title: string; details: readonly string[] } {
  if (!(error instanceof ApiError)) {
    return { title: "Something went wrong", details: ["Please try again. If it stays this way, reload the page."] };
  }
  const { status, title, detail, violations } = error;
  const details = violations.length > 0 ? violations.map((violation) => violation.detail) : detail ? [detail] : [];
  return {
    // The status in words ("Internal Server Error") is for programs.
    title: status >= 500 ? "This did not work" : sentence(title),
    details: details.map((text) => `${sentence(text).replace(/[.!?]$/, "")}.`),
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

interface ErrorMessageProps {
  error: unknown;
  onRetry?: (() => unknown) | undefined;
}

export function ErrorMessage({ error, onRetry }: ErrorMessageProps) {
  const { title, details } = wordsFor(error);
  return (
    <div className="message message-error" role="alert">
      <p className="message-title">{title}</p>
      {details.map((detail) => (
        <p key={detail}>{detail}</p>
      ))}
      {onRetry && (
        <button type="button" className="button button-quiet" onClick={() => onRetry()}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      Loading {what}…
    </p>
  );
}

export function EmptyState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 120 80" width="120" height="80" aria-hidden="true">
        <circle className="empty-sun" cx="88" cy="22" r="10" />
        <path className="empty-hill" d="M6 62 42 16l22 30 12-14 34 30Z" />
        <path className="empty-water" d="M14 70h92M34 77h50" />
      </svg>
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}
