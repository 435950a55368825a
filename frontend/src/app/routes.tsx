import type { RouteObject } from "react-router";

import { RequireAccount } from "@/features/account/components/require-account";
import { paths } from "@/shared/paths";

import { Layout } from "./layout";
import { ApiDocsPage } from "./pages/api-docs-page";
import { CartPage } from "./pages/cart-page";
import { CataloguePage } from "./pages/catalogue-page";
import { CheckoutPage } from "./pages/checkout-page";
import { ConfirmPage } from "./pages/confirm-page";
import { CrashPage } from "./pages/crash-page";
import { LogInPage } from "./pages/log-in-page";
import { NotFoundPage } from "./pages/not-found-page";
import { OrderPage } from "./pages/order-page";
import { OrdersPage } from "./pages/orders-page";
import { ProductPage } from "./pages/product-page";
import { SignUpPage } from "./pages/sign-up-page";

export const routes: RouteObject[] = [
  {
    element: <Layout />,
    children: [
      {
        errorElement: <CrashPage />,
        children: [
          { path: paths.home, element: <CataloguePage /> },
          { path: "/products/:productId", element: <ProductPage /> },
          { path: paths.cart, element: <CartPage /> },
          { path: paths.signUp, element: <SignUpPage /> },
          { path: paths.confirm, element: <ConfirmPage /> },
          { path: paths.logIn, element: <LogInPage /> },
          { path: paths.apiDocs, element: <ApiDocsPage /> },
          { path: paths.checkout, element: <RequireAccount><CheckoutPage /></RequireAccount> },
          { path: paths.orders, element: <RequireAccount><OrdersPage /></RequireAccount> },
          { path: "/orders/:orderId", element: <RequireAccount><OrderPage /></RequireAccount> },
          { path: "*", element: <NotFoundPage /> },
        ],
      },
    ],
  },
];
