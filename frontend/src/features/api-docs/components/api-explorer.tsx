import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";

import { useAccount, useSession } from "@/features/account/account-context";
import { logInPath, paths } from "@/shared/paths";
import { ErrorMessage, Loading } from "@/shared/ui/messages";

import { loadDocument } from "../documents";
import "./api-explorer.css";

type State = { step: "loading" } | { step: "shown" } | { step: "failed"; error: unknown };

/** All operations of all services, with forms to try them as whoever is logged in. */
export function ApiExplorer() {
  const account = useAccount();
  const session = useSession();
  const element = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<State>({ step: "loading" });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const gone = new AbortController();
    const token = async () => (account.session.get() ? account.token() : null);
    Promise.all([import("../explorer"), loadDocument(gone.signal)])
      .then(([{ explore }, document]) => {
        if (gone.signal.aborted || !element.current) return;
        // One of its own: the explorer keeps what it was put into.
        const place = window.document.createElement("div");
        element.current.replaceChildren(place);
        explore(place, document, { token, onShown: () => setState({ step: "shown" }) });
      })
      .catch((error: unknown) => {
        if (!gone.signal.aborted) setState({ step: "failed", error });
      });
    return () => gone.abort();
  }, [account, attempt]);

  const again = () => {
    setState({ step: "loading" });
    setAttempt(attempt + 1);
  };
  return (
    <>
      <p>
        {session ? (
          <>
            You try calls as <strong>{session.email}</strong>.
          </>
        ) : (
          <>
            You try calls as nobody. <Link to={logInPath(paths.apiDocs)}>Log in</Link> to try what needs an account.
          </>
        )}
      </p>
      {state.step === "loading" && <Loading what="the documentation" />}
      {state.step === "failed" && <ErrorMessage error={state.error} onRetry={again} />}
      <div ref={element} className="api-explorer" />
    </>
  );
}
