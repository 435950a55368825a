import { Link, Navigate, useNavigate, useSearchParams } from "react-router";

import { useSession } from "@/features/account/account-context";
import { SignUpForm } from "@/features/account/components/sign-up-form";
import { confirmPath, logInPath, nextPath } from "@/shared/paths";
import { Page } from "@/shared/ui/page";

export function SignUpPage() {
  const session = useSession();
  const navigate = useNavigate();
  const next = nextPath(useSearchParams()[0]);
  if (session) return <Navigate to={next} replace />;
  return (
    <Page title="Create your account" width="form">
      <SignUpForm onSignedUp={(email) => void navigate(confirmPath(next), { state: { email } })} />
      <p className="page-end">
        Have an account? <Link to={logInPath(next)}>Log in</Link>
      </p>
    </Page>
  );
}
