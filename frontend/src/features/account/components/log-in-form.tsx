import { useMutation } from "@tanstack/react-query";

import { TextField } from "@/shared/ui/field";
import { ErrorMessage } from "@/shared/ui/messages";
import { SubmitButton } from "@/shared/ui/submit-button";

import { useAccount } from "../account-context";
import { CognitoError } from "../api/cognito-error";

interface LogInFormProps {
  email?: string | undefined;
  onLoggedIn: () => void;
  /** The account exists, but its e-mail address is not confirmed yet. */
  onUnconfirmed: (email: string) => void;
}

export function LogInForm({ email: known, onLoggedIn, onUnconfirmed }: LogInFormProps) {
  const account = useAccount();
  const logIn = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => account.logIn(email, password),
    onSuccess: onLoggedIn,
    onError: (error, { email }) => {
      if (error instanceof CognitoError && error.code === "UserNotConfirmedException") onUnconfirmed(email);
    },
  });

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        logIn.mutate({ email: data.get("email") as string, password: data.get("password") as string });
      }}
    >
      {logIn.isError && <ErrorMessage error={logIn.error} />}
      <TextField label="E-mail address" name="email" type="email" autoComplete="email" required defaultValue={known} />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
      <SubmitButton busy={logIn.isPending} busyText="Logging in…">
        Log in
      </SubmitButton>
    </form>
  );
}
