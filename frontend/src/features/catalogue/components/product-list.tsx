import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { useApi } from "@/shared/api/api-context";
import { paths } from "@/shared/paths";
import { EmptyState, ErrorMessage, Loading } from "@/shared/ui/messages";

import { productsQuery } from "../api/products";
import { ProductGrid } from "./product-grid";

interface ProductListProps {
  category: string | null;
  /** How many there are in all, when it is known. */
  total: number | undefined;
}

export function ProductList({ category, total }: ProductListProps) {
  const query = useInfiniteQuery(productsQuery(useApi(), category));
  const [focusIndex, setFocusIndex] = useState<number | null>(null);

  if (query.isPending) return <Loading what="products" />;
  if (query.isLoadingError) return <ErrorMessage error={query.error} onRetry={query.refetch} />;

  const products = query.data.pages.flatMap((page) => page.products);
  if (products.length === 0) {
    return (
      <EmptyState title="Nothing here yet">
        <p>We have no products in this category.</p>
        <Link className="button" to={paths.home}>
          See everything
        </Link>
      </EmptyState>
    );
  }

  async function loadMore() {
    const shown = products.length;
    const result = await query.fetchNextPage();
    if (!result.isError) setFocusIndex(shown);
  }

  return (
    <>
      <ProductGrid products={products} focusIndex={focusIndex} />
      {query.isFetchNextPageError && <ErrorMessage error={query.error} />}
      <div className="list-end">
        <p role="status">
          {total === undefined ? `${products.length} products` : `${products.length} of ${Math.max(total, products.length)} products`}
        </p>
        {query.hasNextPage && (
          <button
            type="button"
            className="button button-quiet"
            aria-disabled={query.isFetchingNextPage}
            onClick={() => {
              if (!query.isFetchingNextPage) void loadMore();
            }}
          >
            {query.isFetchingNextPage ? "Loading…" : "Load more"}
          </button>
        )}
      </div>
    </>
  );
}
