import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";

import { logInPath } from "@/shared/paths";

import { useSession } from "../account-context";

/** Sends a visitor to the log-in page, and from there back here. The API decides for itself who may see what. */
export function RequireAccount({ children }: { children: ReactNode }) {
  const session = useSession();
  const { pathname, search } = useLocation();
  return session ? children : <Navigate to={logInPath(pathname + search)} replace />;
}
