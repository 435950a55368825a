import { Link, Navigate, useLocation, useNavigate, useSearchParams } from "react-router";

import { useSession } from "@/features/account/account-context";
import { LogInForm } from "@/features/account/components/log-in-form";
import { confirmPath, nextPath, signUpPath } from "@/shared/paths";
import { Page } from "@/shared/ui/page";

export function LogInPage() {
  const session = useSession();
  const navigate = useNavigate();
  const next = nextPath(useSearchParams()[0]);
  const { state } = useLocation() as { state: { email?: string; isConfirmed?: boolean } | null };
  if (session) return <Navigate to={next} replace />;
  return (
    <Page title="Log in" width="form">
      {state?.isConfirmed && (
        <p className="message message-info" role="status">
          Your e-mail address is confirmed. You can log in now.
        </p>
      )}
      <LogInForm
        email={state?.email}
        onLoggedIn={() => void navigate(next, { replace: true })}
        onUnconfirmed={(email) => void navigate(confirmPath(next), { state: { email } })}
      />
      <p className="page-end">
        New here? <Link to={signUpPath(next)}>Create an account</Link>
      </p>
    </Page>
  );
}
