import { useEffect } from "react";
import { useRouteError } from "react-router";

import { ErrorMessage } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

/** For a mistake of ours: the header stays, so that one can go elsewhere. */
export function CrashPage() {
  const error = useRouteError();
  useEffect(() => console.error(error), [error]);
  return (
    <Page title="This page is broken" width="reading">
      <ErrorMessage error={error} onRetry={() => window.location.reload()} />
    </Page>
  );
}
