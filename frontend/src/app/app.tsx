import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { createBrowserRouter, RouterProvider } from "react-router";

import { AccountContext } from "@/features/account/account-context";
import { ApiContext } from "@/shared/api/api-context";

import { routes } from "./routes";
import type { Services } from "./services";

export function App({ services }: { services: Services }) {
  const [router] = useState(() => createBrowserRouter(routes));
  return (
    <ApiContext value={services.api}>
      <AccountContext value={services.account}>
        <QueryClientProvider client={services.queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </AccountContext>
    </ApiContext>
  );
}
