import { useLocation, useNavigate, useSearchParams } from "react-router";

import { ConfirmForm } from "@/features/account/components/confirm-form";
import { logInPath, nextPath } from "@/shared/paths";
import { Page } from "@/shared/ui/page";

export function ConfirmPage() {
  const navigate = useNavigate();
  const next = nextPath(useSearchParams()[0]);
  const { state } = useLocation() as { state: { email?: string } | null };
  const email = state?.email;
  return (
    <Page title="Confirm your address" width="form">
      <p className="lead">{email ? <>We sent a code to <strong>{email}</strong>.</> : "Enter the code that we sent you."}</p>
      <ConfirmForm
        email={email}
        onConfirmed={({ email, loggedIn }) =>
          void (loggedIn
            ? navigate(next, { replace: true })
            : navigate(logInPath(next), { replace: true, state: { email, isConfirmed: true } }))
        }
      />
    </Page>
  );
}
