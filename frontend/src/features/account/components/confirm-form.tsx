import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { TextField } from "@/shared/ui/field";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { useAccount } from "../account-context";

interface ConfirmFormProps {
  email: string | undefined;
  onConfirmed: (result: { email: string; loggedIn: boolean }) => void;
}

export function ConfirmForm({ email: known, onConfirmed }: ConfirmFormProps) {
  const account = useAccount();
  const [email, setEmail] = useState(known ?? "");
  const confirm = useMutation({
    mutationFn: (code: string) => account.confirm(email, code),
    onSuccess: ({ loggedIn }) => onConfirmed({ email, loggedIn }),
  });
  const resend = useMutation({ mutationFn: () => account.resendCode(email) });

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        resend.reset();
        confirm.mutate(new FormData(event.currentTarget).get("code") as string);
      }}
    >
      {confirm.isError && <ErrorMessage error={confirm.error} />}
      {resend.isError && <ErrorMessage error={resend.error} />}
      <div role="status">{resend.isSuccess && <p className="message message-info">We sent a new code to {email}.</p>}</div>
      {known === undefined && (
        <TextField
          label="E-mail address"
          name="email"
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      )}
      <TextField
        label="Code"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        required
        pattern="\s*(\d\s*){6}"
        title="six digits"
        hint="Six digits, from the e-mail that we sent you."
      />
      <SubmitButton busy={confirm.isPending} busyText="Checking the code…">
        Confirm
      </SubmitButton>
      <button
        type="button"
        className="button button-quiet"
        aria-disabled={resend.isPending || email === ""}
        onClick={() => {
          confirm.reset();
          if (!resend.isPending && email !== "") resend.mutate();
        }}
      >
        {resend.isPending ? "Sending…" : "Send a new code"}
      </button>
    </form>
  );
}
