import { ApiExplorer } from "@/features/api-docs/components/api-explorer";
import { Page } from "@/shared/ui/page";

export function ApiDocsPage() {
  return (
    <Page title="The shop's API">
      <ApiExplorer />
    </Page>
  );
}
