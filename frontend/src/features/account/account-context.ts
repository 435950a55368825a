import { createContext, use } from "react";

import { useStoredValue } from "@/shared/stored-value";

import type { Account, Session } from "./account";

export const AccountContext = createContext<Account | null>(null);

export function useAccount(): Account {
  const account = use(AccountContext);
  if (!account) throw new Error("useAccount needs an <AccountContext>");
  return account;
}

export const useSession = (): Session | null => useStoredValue(useAccount().session);
