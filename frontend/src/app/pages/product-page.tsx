import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";

import { AddToCart } from "@/features/cart/components/add-to-cart";
import { productQuery } from "@/features/catalogue/api/products";
import { ProductDetails } from "@/features/catalogue/components/product-details";
import { ApiError } from "@/shared/api/api-error";
import { useApi } from "@/shared/api/api-context";
import { paths } from "@/shared/paths";
import { ErrorMessage, Loading } from "@/shared/ui/messages";
import { Page } from "@/shared/ui/page";

import { NotFoundPage } from "./not-found-page";

export function ProductPage() {
  const { productId = "" } = useParams();
  const query = useQuery(productQuery(useApi(), productId));

  if (query.isPending) return <Loading what="the product" />;
  if (query.isLoadingError) {
    if (query.error instanceof ApiError && query.error.status === 404) return <NotFoundPage />;
    return (
      <Page title="Product" width="reading">
        <ErrorMessage error={query.error} onRetry={query.refetch} />
      </Page>
    );
  }

  const product = query.data;
  return (
    <>
      <title>{`${product.name} · Tarnside`}</title>
      <nav aria-label="Breadcrumb" className="breadcrumb">
        <Link to={paths.home}>Shop</Link> <span aria-hidden="true">/</span>{" "}
        <Link to={paths.category(product.category)}>{product.category}</Link>
      </nav>
      <ProductDetails product={product}>
        <AddToCart key={product.productId} product={product} />
      </ProductDetails>
    </>
  );
}
