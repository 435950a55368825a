import { QueryClient } from "@tanstack/react-query";

import { createAccount, type Account } from "@/features/account/account";
import { createCognito } from "@/features/account/api/cognito";
import { ordersKey } from "@/features/orders/api/orders";
import { createApiClient, type ApiClient } from "@/shared/api/api-client";
import { ApiError } from "@/shared/api/api-error";
import type { SiteConfig } from "@/shared/config";

export interface Services {
  readonly account: Account;
  readonly api: ApiClient;
  readonly queries: QueryClient;
}

export function createServices(config: SiteConfig): Services {
  const account = createAccount(createCognito(config));
  const api = createApiClient(config.apiUrl, account.token);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: mayHelp } } });

  let customer = account.session.get()?.email;
  account.session.subscribe(() => {
    const now = account.session.get()?.email;
    // Nobody sees the orders of whoever used this browser before.
    if (now !== customer) queries.removeQueries({ queryKey: [ordersKey] });
    customer = now;
  });

  return { account, api, queries };
}

/** A refusal stays one however often it is asked for; no answer, or a broken one, may be bad luck. */
const mayHelp = (failures: number, error: Error): boolean =>
  failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);
