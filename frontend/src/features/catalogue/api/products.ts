import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "@/shared/api/api-client";

import type { Category, Product } from "../product";

interface ProductPage {
  readonly products: readonly Product[];
  readonly nextToken: string | null;
}

/** Divides by two, three and four, so that the rows of the grid are full. */
export const pageSize = 12;

/** The catalogue changes rarely; the server looks every price up again for an order. */
const staleTime = 60_000;

export const productsQuery = (api: ApiClient, category: string | null) =>
  infiniteQueryOptions({
    queryKey: ["products", { category }],
    queryFn: ({ pageParam, signal }) =>
      api.request<ProductPage>("/products", { query: { category, limit: pageSize, nextToken: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextToken,
    staleTime,
  });

export const productQuery = (api: ApiClient, productId: string) =>
  queryOptions({
    queryKey: ["product", productId],
    queryFn: ({ signal }) => api.request<Product>(`/products/${encodeURIComponent(productId)}`, { signal }),
    staleTime,
  });

export const categoriesQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["categories"],
    queryFn: ({ signal }) => api.request<{ categories: readonly Category[] }>("/categories", { signal }),
    select: ({ categories }) => categories,
    staleTime,
  });
