import { Link, useLocation, useNavigate } from "react-router";

import { logInPath, paths } from "@/shared/paths";

import { useAccount, useSession } from "../account-context";
import "./account-menu.css";

const menuId = "account-menu";

export function AccountMenu() {
  const account = useAccount();
  const session = useSession();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();

  if (!session) {
    const isAccountPage = [paths.logIn, paths.signUp, paths.confirm].includes(pathname);
    return (
      <Link className="header-link" to={logInPath(isAccountPage ? new URLSearchParams(search).get("next") : pathname + search)}>
        Log in
      </Link>
    );
  }

  const close = () => document.getElementById(menuId)?.hidePopover();
  return (
    <>
      <button type="button" className="header-link" popoverTarget={menuId}>
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" className="icon">
          <circle cx="12" cy="8" r="4" />
          <path d="M4 20c1-4 4-6 8-6s7 2 8 6" />
        </svg>
        Account
      </button>
      <div id={menuId} popover="auto" className="account-menu">
        <p className="account-menu-email">
          Logged in as <strong>{session.email}</strong>
        </p>
        <Link to={paths.orders} onClick={close}>
          My orders
        </Link>
        <button
          type="button"
          onClick={() => {
            close();
            account.logOut();
            void navigate(paths.home);
          }}
        >
          Log out
        </button>
      </div>
    </>
  );
}
