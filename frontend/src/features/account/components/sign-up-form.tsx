import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { TextField } from "@/shared/ui/field";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { useAccount } from "../account-context";

export function SignUpForm({ onSignedUp }: { onSignedUp: (email: string) => void }) {
  const account = useAccount();
  const [mismatch, setMismatch] = useState(false);
  const signUp = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => account.signUp(email, password),
    onSuccess: (_, { email }) => onSignedUp(email),
  });

  function submit(data: FormData) {
    const [email, password, repeated] = ["email", "password", "repeated"].map((name) => data.get(name) as string);
    const differ = password !== repeated;
    setMismatch(differ);
    if (!differ && email && password) signUp.mutate({ email, password });
  }

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit(new FormData(event.currentTarget));
      }}
    >
      {signUp.isError && <ErrorMessage error={signUp.error} />}
      <TextField label="E-mail address" name="email" type="email" autoComplete="email" required maxLength={254} />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
        hint="At least 10 characters, with upper and lower case letters and a digit."
      />
      <TextField
        label="Password again"
        name="repeated"
        type="password"
        autoComplete="new-password"
        required
        maxLength={256}
        error={mismatch ? "The two passwords differ." : undefined}
      />
      <SubmitButton busy={signUp.isPending} busyText="Creating your account…">
        Create account
      </SubmitButton>
    </form>
  );
}
