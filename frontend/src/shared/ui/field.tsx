import { useId, type ComponentProps, type ReactNode } from "react";

import "./field.css";

interface FrameProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

function useFrame({ hint, error }: FrameProps) {
  const id = useId();
  const describedBy = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return {
    id,
    control: { id, "aria-invalid": error ? true : undefined, "aria-describedby": describedBy || undefined },
  };
}

function Frame({ id, label, hint, error, children }: FrameProps & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, ...input }: FrameProps & Omit<ComponentProps<"input">, "id">) {
  const { id, control } = useFrame({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input {...input} {...control} />
    </Frame>
  );
}

export function SelectField({ label, hint, error, ...select }: FrameProps & Omit<ComponentProps<"select">, "id">) {
  const { id, control } = useFrame({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select {...select} {...control} />
    </Frame>
  );
}
