import { Link } from "react-router";

import { paths } from "@/shared/paths";
import { EmptyState } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

export function NotFoundPage() {
  return (
    <Page title="Page not found" width="reading">
      <EmptyState title="You have left the path">
        <p>There is nothing at this address. It may have been moved, or mistyped.</p>
        <Link className="button" to={paths.home}>
          Back to the shop
        </Link>
      </EmptyState>
    </Page>
  );
}
